/** The figures of a probed application, as objectives and pages read them. */

import type { Measured } from '../model/drill-index.ts'
import type { Application } from '../model/probes/application.ts'
import { count, counted, milliseconds, seconds, share } from '../units/units.ts'
import { known, missing, value } from './figures.ts'
import { eventFigureText } from './table.ts'

const NOT_OBSERVED = 'no request of it was observed'

/** One failed request at the end of the load does not say that an application stays out. */
const MIN_OUT_SECONDS = 1

const isObserved = ({ requests }: Application): boolean => requests.good + requests.failed > 0

/** The longest outage that one container saw, in an event or not. */
export function outageOf(application: Application): Measured {
  if (!isObserved(application)) return missing(NOT_OBSERVED)
  const { outages, notObservedSeconds, requests } = application
  const open = outages.find(({ end, atLeastSeconds }) => end === 'load ended' && atLeastSeconds >= MIN_OUT_SECONDS)
  if (open !== undefined)
    return { kind: 'never', why: `its requests failed for the last ${seconds(open.atLeastSeconds)} of the load` }
  const longest = Math.max(0, ...outages.map((one) => one.seconds ?? one.atLeastSeconds))
  const isBound = notObservedSeconds > longest || outages.some((one) => one.seconds === null)
  if (!isBound) return value(longest)
  const why =
    requests.notObserved === 0
      ? 'the load ended before it answered again'
      : `${counted(requests.notObserved, 'request')} to it ${requests.notObserved === 1 ? 'was' : 'were'} not observed`
  return { kind: 'at-least', value: longest, why }
}

/** The worst of all events. */
export function recoveryOf(application: Application): Measured {
  if (!isObserved(application)) return missing(NOT_OBSERVED)
  const { events } = application
  if (events.length === 0) return missing('there was no event')
  const out = events.find(({ state }) => state === 'out')
  if (out !== undefined) return { kind: 'never', why: out.sentence.replace(/\.$/, '') }
  const longest = Math.max(0, ...events.map(({ recoverySeconds, atLeastSeconds }) => recoverySeconds ?? atLeastSeconds))
  const bound = events.find(({ recoverySeconds }) => recoverySeconds === null)
  if (bound === undefined) return value(longest)
  return { kind: 'at-least', value: longest, why: WHY_BOUND[bound.state] }
}

const WHY_BOUND: Readonly<Record<Application['events'][number]['state'], string>> = {
  uninterrupted: '',
  back: '',
  'not sustained': 'its good answers did not last long enough before the load, or the event, ended',
  out: '',
  'not measured': 'not all of its requests were observed',
}

export const availabilityOf = ({ availability }: Application): Measured => known(availability, NOT_OBSERVED)
export type { Application } from '../model/probes/application.ts'

type Cell = (application: Application) => string

/** The table of applications, one row each, in every format that people read. */
export const APPLICATION_COLUMNS: ReadonlyArray<readonly [head: string, cell: Cell, isNumber?: true]> = [
  ['Application', ({ name }) => name],
  ['Longest outage', (one) => eventFigureText(outageOf(one)), true],
  ['Back after', (one) => eventFigureText(recoveryOf(one)), true],
  ['Availability', ({ availability }) => share(availability), true],
  ['Good', ({ requests }) => count(requests.good), true],
  ['Failed', ({ requests }) => count(requests.failed), true],
  ['Not observed', ({ requests }) => count(requests.notObserved), true],
  ['p50', ({ responseMs }) => milliseconds(responseMs.p50), true],
  ['p99', ({ responseMs }) => milliseconds(responseMs.p99), true],
]

/** Each beside the database, event by event, and what to look at. */
export const applicationSentences = (applications: readonly Application[]): string[] =>
  applications.flatMap(({ events }) =>
    events.flatMap(({ sentence, advice }) => (advice === null ? [sentence] : [sentence, advice])),
  )
