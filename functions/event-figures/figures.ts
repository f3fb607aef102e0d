/**
 * The figures of each event, and the worst over all events of a drill. Criteria, pages and files all read them here. A figure
 * covers only the events that have it: an event that no client noticed has no outage, and one that the drill did not cause has
 * no trigger.
 */
import { kindWords } from '../event-kinds/kinds.ts'
import type { Measured, Worst } from '../model/drill-index.ts'
import type { DrillEvent, Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { counted, seconds as inSeconds } from '../units/units.ts'

export const value = (number: number): Measured => ({ kind: 'value', value: number })
export const missing = (why: string): Measured => ({ kind: 'missing', why })
export const known = (number: number | null, why: string): Measured => (number === null ? missing(why) : value(number))

export const NOT_AUDITED = 'the ledger was not audited'

/** The parts of a report from which the figures of its events are read. */
export type EventParts = Pick<Report, 'events' | 'phases' | 'loneClients'>

interface EventFigure {
  /** The events that have this figure. */
  readonly concerns: (event: DrillEvent) => boolean
  readonly read: (event: DrillEvent, report: EventParts) => Measured
}

const wasNoticed = ({ service }: DrillEvent): boolean => service !== 'uninterrupted'
/** Also one that no client noticed, where the load shows how long it can have been at most. */
const hasLength = (event: DrillEvent): boolean => wasNoticed(event) || event.recovery.writeOutageSeconds !== null
const wasTriggered = (event: DrillEvent): boolean => wasNoticed(event) && event.moments.t0 !== null
/** A failover takes the standby always; after every other event T6 says that high availability was disturbed. */
const tookAStandby = ({ request, kind, moments }: DrillEvent): boolean =>
  (request !== null && kind === 'failover') || moments.t6 !== null

const clientOutage = (spread: 'p50' | 'p95' | 'max'): EventFigure => ({
  concerns: wasNoticed,
  read: ({ recovery, service, notMeasuredWhy }) => {
    const { clients, notMeasured, [spread]: longest } = recovery.clientOutageSeconds
    if (clients === 0 && notMeasured > 0) return missing('the containers of the clients that were out did not watch')
    if (clients === 0) return missing(service === 'not measured' ? (notMeasuredWhy ?? '') : 'no client saw an outage')
    const why = `the outages of ${counted(notMeasured, 'client')} were not measured`
    // A share of the clients may have been out for longer, or for less, when those are counted too.
    if (notMeasured > 0 && spread !== 'max') return missing(why)
    if (longest === null) return { kind: 'never', why: 'a client never came back while the load ran' }
    if (notMeasured === 0) return value(longest)
    return { kind: 'at-least', value: longest, why }
  },
})

const FIGURES = {
  recovery_time_s: {
    concerns: hasLength,
    read: (event, report) => spanOf(event, 'recoveryTimeSeconds', report),
  },
  recovery_from_trigger_s: {
    concerns: wasTriggered,
    read: (event, report) => spanOf(event, 'recoveryFromTriggerSeconds', report),
  },
  detection_s: {
    concerns: wasTriggered,
    read: ({ recovery }) => known(recovery.detectionSeconds, 'no outage followed the trigger'),
  },
  write_outage_s: {
    concerns: hasLength,
    read: (event, report) => spanOf(event, 'writeOutageSeconds', report),
  },
  worst_client_outage_s: clientOutage('max'),
  'client_outage_s[p50]': clientOutage('p50'),
  'client_outage_s[p95]': clientOutage('p95'),
  'client_outage_s[max]': clientOutage('max'),
  exposure_s: {
    concerns: tookAStandby,
    read: ({ recovery }) => known(recovery.exposureSeconds, 'high availability was not seen to be healthy again'),
  },
  lost_s: { concerns: () => true, read: ({ lostSeconds }) => known(lostSeconds, NOT_AUDITED) },
} as const satisfies Readonly<Record<string, EventFigure>>

export type EventFigureName = keyof typeof FIGURES

/** The figure of one event; null when the event has no such figure. */
export function measureEvent(name: EventFigureName, event: DrillEvent, report: EventParts): Measured | null {
  const { concerns, read }: EventFigure = FIGURES[name]
  return concerns(event) ? read(event, report) : null
}

/** Of all events, or of those that `only` names. An event that never recovered is worse than every number. An event that is not known makes the worst a lower bound. */
export function worstOf(name: EventFigureName, report: EventParts, only: string | null = null): Worst {
  const events = only === null ? report.events : report.events.filter(isOneOf(only))
  const ofEvents: readonly Worst[] = events.flatMap((event) => {
    const measured = measureEvent(name, event, report)
    return measured === null ? [] : [{ measured, event: event.number }]
  })
  const all = name === 'worst_client_outage_s' && only === null ? [...ofEvents, ...loneClient(report)] : ofEvents
  const [first] = all
  if (first === undefined) return { measured: missing(whyNone(events, only)), event: null }
  const never = all.find(({ measured }) => measured.kind === 'never')
  if (never !== undefined) return never
  const most = all.reduce((one, other) => (isMore(other, one) ? other : one))
  const isOpen = ({ measured }: Worst) => measured.kind === 'at-least' || measured.kind === 'missing'
  const open = (isOpen(most) ? most : all.find(isOpen))?.measured
  if (open === undefined || !('value' in most.measured)) return most
  const why = 'why' in open ? open.why : ''
  // One event was this long at most, and of another nothing is known: that is no bound of the worst.
  if (most.measured.kind === 'at-most') return lowerBoundOf(all, why)
  return { measured: { kind: 'at-least', value: most.measured.value, why }, event: most.event }
}

function lowerBoundOf(all: readonly Worst[], why: string): Worst {
  const least: Worst = { measured: missing(why), event: null }
  const { measured, event } = all
    .filter(({ measured: { kind } }) => kind !== 'at-most')
    .reduce((one, other) => (isMore(other, one) ? other : one), least)
  return 'value' in measured ? { measured: { kind: 'at-least', value: measured.value, why }, event } : least
}

/** Of two alike the one that is known exactly. */
const isMore = (one: Worst, other: Worst): boolean =>
  sizeOf(one) > sizeOf(other) || (sizeOf(one) === sizeOf(other) && other.measured.kind === 'at-most')

/** The worst client may be one that was out alone, while others were served. */
function loneClient({ loneClients: { clients, maxOutageSeconds } }: EventParts): Worst[] {
  if (clients === 0) return []
  const never = { kind: 'never', why: 'a client never came back while the load ran' } as const
  return [{ measured: maxOutageSeconds === null ? never : value(maxOutageSeconds), event: null }]
}

const sizeOf = ({ measured }: Worst): number => ('value' in measured ? measured.value : Number.NEGATIVE_INFINITY)

/** The number of an event, or a kind. */
const isOneOf =
  (only: string) =>
  ({ number, kind }: DrillEvent): boolean =>
    only === kind || only === String(number)

const whyNone = (events: readonly DrillEvent[], only: string | null): string =>
  events.length === 0 && only !== null
    ? /^\d/.test(only)
      ? `there was no event ${only}`
      : `no ${kindWords(only)} was seen`
    : events.length === 0
      ? 'no event was asked for, and no outage was seen'
      : 'the clients saw no outage'

const UNNOTICED = 'no client noticed it, and no pause between two commits around it was longer'

/** The measured length, or a bound: the longest pause around an event that no client noticed, or: the part of it that a generator watched. */
function spanOf(event: DrillEvent, figure: keyof DrillEvent['atLeast'], report: EventParts): Measured {
  const gone = outOfService(event, report)
  if (gone !== null) return gone
  const measured = event.recovery[figure]
  if (measured !== null && !wasNoticed(event)) return { kind: 'at-most', value: measured, why: UNNOTICED }
  if (measured !== null) return value(measured)
  const bound = event.atLeast[figure]
  if (bound === null) return missing(event.notMeasuredWhy ?? 'the clients saw no outage')
  const why = event.notMeasuredWhy ?? `goodput was not sustained again ${beforeTheCut(event)}`
  return { kind: 'at-least', value: bound, why }
}

/** Completes "full service was not seen again". */
export const beforeTheCut = ({ number, cutBy }: Pick<DrillEvent, 'number' | 'cutBy'>): string =>
  cutBy === 'next event' ? `before event ${number + 1} began` : 'before the load ended'

/** An outage that lasted until the end of the load has no recovery. */
function outOfService(event: DrillEvent, report: EventParts): Measured | null {
  const from = event.recovery.outages.find(({ toAt }) => toAt === null)?.fromAt ?? event.moments.t1
  const end = watchedUntil(event, report)
  if (event.service !== 'out' || from === null || end === null) return null
  const outage = between(from, end)
  return event.cutBy === 'next event'
    ? { kind: 'at-least', value: outage, why: `no commit was acknowledged ${beforeTheCut(event)}` }
    : { kind: 'never', why: `no commit was acknowledged in the last ${inSeconds(outage)} of the load` }
}

function watchedUntil({ number, cutBy }: DrillEvent, { events, phases }: EventParts): string | null {
  const next = cutBy === 'next event' ? events.find((other) => other.number === number + 1)?.moments : undefined
  return next?.t0 ?? next?.t1 ?? phases.at(-1)?.toAt ?? null
}

const between = (fromAt: string, toAt: string): number => round((Date.parse(toAt) - Date.parse(fromAt)) / 1000, 3)
