/** The old primary of each event in words: the same in the page and in the Markdown. */
import type { DrillEvent, Report } from '../../model/report.ts'
import { clock } from '../../units/units.ts'

type Events = Pick<Report, 'events'>

/** One sentence for each event in which a timeline rose. */
export const staleSentences = ({ events }: Events): string[] =>
  events
    .filter(({ stalePrimary }) => stalePrimary.newTimeline !== null)
    .map(({ number, stalePrimary: { sentence } }) => (events.length > 1 ? `Event ${number}: ${sentence}` : sentence))

export type StaleRow = { readonly event: number } & DrillEvent['stalePrimary']['rows'][number]

export const staleRows = ({ events }: Events): StaleRow[] =>
  events.flatMap(({ number, stalePrimary: { rows } }) => rows.map((row) => ({ event: number, ...row })))

/** The file has the others. */
const MAX_SHOWN = 20

export const STALE_COLUMNS = [
  'Event',
  'Container',
  'Session',
  'Write',
  'Timeline',
  'Sent',
  'Acknowledged',
  'On the new primary',
]

export const staleCells = (report: Events): string[][] =>
  staleRows(report)
    .slice(0, MAX_SHOWN)
    .map(({ event, container, session, seq, timeline, sentAt, acknowledgedAt, onNewPrimary }) => [
      ...[event, container, session, seq, timeline].map(String),
      clock(sentAt),
      clock(acknowledgedAt),
      onNewPrimary === null ? 'not audited' : onNewPrimary ? 'yes' : 'no',
    ])
