/** Writes that an old primary acknowledged after T2, over all events of a drill in which a timeline rose. */
import type { Measured } from '../model/drill-index.ts'
import type { DrillEvent } from '../model/report.ts'
import { missing, value } from './figures.ts'

type StaleEvent = Pick<DrillEvent, 'number' | 'stalePrimary'>

const withOldPrimary = (events: readonly StaleEvent[]): readonly StaleEvent[] =>
  events.filter(({ stalePrimary }) => stalePrimary.newTimeline !== null)

export const hasOldPrimary = (events: readonly StaleEvent[]): boolean => withOldPrimary(events).length > 0

/** An event of which it is not known makes the sum a lower bound. */
export function splitBrainOf(events: readonly StaleEvent[]): Measured {
  const concerned = withOldPrimary(events)
  if (concerned.length === 0) return missing('no timeline rose while the load ran, so there was no old primary')
  const sum = concerned.reduce((writes, { stalePrimary }) => writes + (stalePrimary.writes ?? 0), 0)
  const open = concerned.find(({ stalePrimary }) => stalePrimary.writes === null)
  if (open === undefined) return value(sum)
  const why = `${events.length > 1 ? `event ${open.number}: ` : ''}${open.stalePrimary.why}`
  return sum > 0 ? { kind: 'at-least', value: sum, why } : missing(why)
}

/** One sentence for each event that shows it. */
export const splitBrainSentences = (events: readonly StaleEvent[]): string[] =>
  events.flatMap(({ number, stalePrimary }) => {
    if (stalePrimary.state !== 'split brain') return []
    return [events.length > 1 ? `Event ${number}: ${stalePrimary.sentence}` : stalePrimary.sentence]
  })
