/** The end of a container's log: why a load generator ended before it could write a summary. For a report: no secret, no address. */
import { withoutAddresses, withoutSecrets } from '../../../loadgen-image/contract/redact.ts'

const MAX_LINES = 20
const MAX_LENGTH = 600
/** The generator's own headings over a list of problems. */
const HEADING = /(?:cannot start|is not a load plan):\s*$/
const STACK_LINE = /^\s*(?:at .|\^+\s*$|node:internal|Node\.js v\d|file:\/\/)|^\s*[{}]\s*$/
const STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z?\s+/

/** Null for a log without a message. */
export function lastWords(log: string): string | null {
  const lines = log
    .split(/\r?\n/)
    .map((line) => line.replace(STAMP, ''))
    .filter((line) => line.trim() !== '' && !STACK_LINE.test(line))
  const heading = lines.findLastIndex((line) => HEADING.test(line))
  const last = heading < 0 ? lines.slice(-2) : lines.slice(heading, heading + MAX_LINES)
  if (last.length === 0) return null
  const [first = '', ...others] = last.map((line) => line.trim())
  const text = HEADING.test(first) ? `${first} ${others.join('; ')}` : [first, ...others].join('; ')
  return withoutAddresses(withoutSecrets(text)).slice(0, MAX_LENGTH)
}
