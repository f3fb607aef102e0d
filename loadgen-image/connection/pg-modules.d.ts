/** Types of the parts of `pg` that its package declares under other paths only. */
declare module 'pg/lib/client.js' {
  export { Client as default } from 'pg'
}
declare module 'pg/lib/utils.js' {
  import type { escapeIdentifier, escapeLiteral } from 'pg'

  const utils: { escapeIdentifier: typeof escapeIdentifier; escapeLiteral: typeof escapeLiteral }
  export default utils
}
