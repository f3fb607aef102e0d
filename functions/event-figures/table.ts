/** The table of events, and the worst of several events, as text for every format. */

import type { Measured, Worst } from '../model/drill-index.ts'
import type { DrillEvent } from '../model/report.ts'
import { clock, NOT_MEASURED, seconds } from '../units/units.ts'
import { type EventFigureName, type EventParts, measureEvent, worstOf } from './figures.ts'

/** A length; null when the event has no such figure. */
export function eventFigureText(measured: Measured | null): string {
  if (measured === null) return 'none'
  switch (measured.kind) {
    case 'value':
      return seconds(measured.value)
    case 'at-least':
      return `≥ ${seconds(measured.value)}`
    case 'at-most':
      return `≤ ${seconds(measured.value)}`
    case 'never':
      return 'not back'
    case 'missing':
      return NOT_MEASURED
  }
}

export const worstText = (name: EventFigureName, report: EventParts): string =>
  eventFigureText(worstOf(name, report).measured)

/** "worst of 3 events: event 2"; null when there is one event only, or nothing was measured. */
export const worstNote = (name: EventFigureName, report: EventParts): string | null =>
  noteOf(worstOf(name, report), report.events.length)

export function noteOf({ event, measured }: Worst, events: number): string | null {
  if (event === null) return measured.kind === 'missing' ? null : 'outside of every event'
  return events < 2 ? null : `worst of ${events} events: event ${event}`
}

const CAUSE_WORDS: Readonly<Record<DrillEvent['cause'], string>> = {
  drill: 'by this drill',
  unattributed: 'cause not known: a request of this drill may have caused it',
  other: 'not by this drill',
}

/** What the event was, and whose. */
export const whatWords = ({ what, cause }: DrillEvent): string => `${what}, ${CAUSE_WORDS[cause]}`

const serviceOf = ({ service, watched }: DrillEvent): string =>
  watched ? service : `${service}; a load generator stood still during it`

const provenOf = ({ proof, kind, outcome }: DrillEvent): string =>
  kind === 'outage' ? outcome : `${proof.proven ? 'yes' : 'no'}; ${outcome}`

type Cell = (event: DrillEvent, report: EventParts) => string

const figure =
  (name: EventFigureName): Cell =>
  (event, report) =>
    eventFigureText(measureEvent(name, event, report))

/** The table of events, one row each, in every format that people read. */
export const EVENT_COLUMNS: ReadonlyArray<readonly [head: string, cell: Cell, isNumber?: true]> = [
  ['Event', ({ number }) => String(number)],
  ['What', whatWords],
  ['Began, UTC', ({ beganAt }) => clock(beganAt), true],
  ['Service', serviceOf],
  ['Write outage', figure('write_outage_s'), true],
  ['Recovery', figure('recovery_time_s'), true],
  ['Worst client', figure('worst_client_outage_s'), true],
  ['Recovery point', figure('lost_s'), true],
  ['Proven', provenOf],
]
