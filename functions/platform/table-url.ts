/** The address of the table that holds the list of drills. No problem repeats a part of the text: it may hold a signature. */

export const TABLE_URL_FORM = 'the URL of a table, https://<account>.table.core.windows.net/<table>'
export const TABLE_NAME_FORM = 'the name of a table: a letter, then letters and digits, 3 to 63 in all'

export const isTableName = (text: string): boolean => /^[A-Za-z][A-Za-z0-9]{2,62}$/.test(text)

/** Why the identity cannot reach a table by this URL; null when it can. */
export function problemOfTableUrl(text: string): string | null {
  if (!URL.canParse(text)) return 'this is no URL'
  const { protocol, search, hash, username, password, pathname } = new URL(text)
  if (protocol !== 'https:') return 'it must begin with https://, because an identity sends its token'
  if (username !== '' || password !== '') return 'it must not hold a user or a password'
  if (search !== '') return 'it must end with the table: without a "?" and a signature, because the identity logs in'
  if (hash !== '') return 'it must end with the table: without a "#"'
  const [, table = '', ...more] = pathname.split('/')
  if (more.some((part) => part !== '')) return 'it must name one table and no row in it'
  return isTableName(table) ? null : `the table must be ${TABLE_NAME_FORM}`
}

/** Of a URL without a problem. */
export function partsOfTableUrl(text: string): { readonly endpoint: string; readonly table: string } {
  const { origin, pathname } = new URL(text)
  return { endpoint: origin, table: pathname.split('/')[1] ?? '' }
}

export const TABLES_IN_STRING = 'and beside a BlobEndpoint a TableEndpoint'

/** The tables of an account that is named by its endpoints have an endpoint of their own. */
export function namesTables(connectionString: string): boolean {
  if (!/(?:^|;)BlobEndpoint=/.test(connectionString)) return true
  const [, endpoint = ''] = /(?:^|;)TableEndpoint=([^;]*)/.exec(connectionString) ?? []
  return /^https?:\/\/./.test(endpoint) && URL.canParse(endpoint)
}
