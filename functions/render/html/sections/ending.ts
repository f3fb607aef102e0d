/** Parts 12 and 13: the caveats, and the files of the drill. */
import type { Report } from '../../../model/report.ts'
import { bytes, counted } from '../../../units/units.ts'
import { html, type Markup } from '../../text/markup.ts'
import { absent, list, note } from '../elements/components.ts'
import { fileLink } from '../elements/file-links.ts'

export const caveats = ({ caveats: lines }: Report): Markup =>
  lines.length === 0 ? absent('None: every figure above was measured as defined.') : list(lines)

/** The page cannot name the sum of an archive that it is part of: it names that of the files from which it was computed. */
const rawFiles = ({ files, bytes: size, sha256 }: NonNullable<Report['evidence']>): Markup =>
  note(
    html`This report was computed from ${counted(files, 'raw file')}, ${bytes(size)}. SHA-256 of their sums: <code class="digest">${sha256}</code>. <code>npm run verify -- evidence.zip</code> computes it again.`,
  )

const FILES: ReadonlyArray<readonly [name: string, content: string]> = [
  ['report.json', 'everything on this page, by a published schema'],
  ['report.md', 'for a chat message or a pull request'],
  ['junit.xml', 'the verdict and each criterion as a test case, for a pipeline'],
  ['summary.json', 'verdict, criteria and figures'],
  ['timeline.csv', 'every second of the load'],
  ['loadtest_results.csv', 'every second, in the columns of the original load test'],
  ['clients.csv', "every client's outage"],
  ['applications.csv', 'every outage of a probed application'],
  ['probes.csv', 'what a new connection met, by each way and container'],
  ['stale_writes.csv', 'every write that an old primary acknowledged after T2'],
  ['errors.csv', 'errors by code'],
  ['ledger.json', 'every key with its outcome as ranges, the audits, the proof of the events'],
  ['checklist.json', 'every check with what was seen and wanted'],
  ['metrics.json', 'platform metrics as they were delivered'],
  ['journal.json', 'every step, the cost, the clean-up'],
  ['evidence.zip', 'all of these and the raw files, with a manifest of SHA-256 sums; not inside itself'],
]

const PLACE =
  'The links lead to the files in the app, or beside this page in the folder of the drill or in its unpacked archive. A copy of this page that is kept alone does not reach them.'

export const downloads = ({ evidence }: Report): Markup =>
  html`${evidence !== null && rawFiles(evidence)}${note(PLACE)}<ul class="files">${FILES.map(([name, content]) => html`<li>${fileLink(name)} <span>${content}</span></li>\n`)}</ul>`
