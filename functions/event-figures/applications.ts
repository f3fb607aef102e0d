/** The figures of a probed application, as objectives and pages read them. */
import type { Application } from '../model/application.ts'
import type { Measured } from '../model/drill-index.ts'
import { counted, seconds } from '../units/units.ts'
import { known, missing, value } from './figures.ts'

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
export type { Application } from '../model/application.ts'
