/** An event in words, each computed from what was measured. */
import type { LoadAnalysis } from '../analysis/analysis.ts'
import type { Event } from '../analysis/events.ts'
import { beforeTheCut } from '../event-figures/figures.ts'
import { type Standstill, TOLERANCE_US, type Watch } from '../measurement/generator-watch.ts'
import type { DrillEvent } from '../model/report.ts'
import { upperFirst } from '../units/text.ts'
import { clock, counted, isoOfUs, seconds } from '../units/units.ts'

const MAX_NAMED = 3

/** Null when the generators watched all of it. */
export function watchedWhy(event: Event, { standstills }: Watch): string | null {
  const { span, t1Us, endUs, isRecoveryWatched } = event
  if (isRecoveryWatched) return null
  const fromUs = Math.min(span.beginUs, t1Us ?? span.beginUs)
  const later = standstills.filter((one) => one.toUs > fromUs)
  const inside = later.filter((one) => one.fromUs < endUs)
  const long = inside.filter((one) => one.toUs - one.fromUs > TOLERANCE_US)
  // One in the hold, behind the t4 that it put off, or a short one is the reason where there is no longer one.
  const named = [long, inside, later.slice(0, 1)].find(({ length }) => length > 0) ?? []
  const more = named.length > MAX_NAMED ? `, and ${counted(named.length - MAX_NAMED, 'more', 'more')}` : ''
  return `${named.slice(0, MAX_NAMED).map(standstillWords).join(', ')}${more}`
}

const standstillWords = ({ container, kind, fromUs, toUs }: Standstill): string =>
  `container ${container} ${kind} for ${seconds(Math.round((toUs - fromUs) / 1000) / 1000)} from ${clock(isoOfUs(fromUs))} to ${clock(isoOfUs(toUs))}`

/** Why the service of this event is not measured. */
export function notMeasuredWhy(event: Event, { watch, window }: LoadAnalysis): string {
  const { span, isRecoveryWatched } = event
  const why = isRecoveryWatched ? null : watchedWhy(event, watch)
  if (why !== null) return `the load generators did not watch all of it: ${why}`
  if (span.earlierOutage !== null)
    return `commits had stopped at ${clock(isoOfUs(span.earlierOutage.fromUs))}, before the request was sent`
  if (window.isCut) return `the records of the load end at ${clock(isoOfUs(window.endUs))}`
  return 'there was no baseline to recover to'
}

type Plain = Omit<DrillEvent, 'sentence'>

export const eventSentence = (event: Plain, causeWhy: string | null): string =>
  `${upperFirst(eventSubject(event))}${causeWhy === null ? '' : ` (${causeWhy})`}: ${serviceWords(event)}.`

/** What it was, in the middle of a sentence. */
export function eventSubject({ kind, mode, cause }: Pick<DrillEvent, 'kind' | 'mode' | 'cause'>): string {
  if (kind === 'promotion') return 'promotion that no request of this drill explains'
  if (kind === 'outage') return 'outage that no request of this drill explains'
  return cause === 'drill' ? `${mode} failover` : `${mode} failover that this drill asked for and may not have caused`
}

/** What the clients saw of it. */
export function serviceWords(
  event: Pick<Plain, 'number' | 'service' | 'recovery' | 'atLeast' | 'cutBy' | 'notMeasuredWhy'>,
): string {
  const { service, recovery, atLeast, notMeasuredWhy: why } = event
  const noCommit = `no commit for ${seconds(recovery.writeOutageSeconds)}`
  switch (service) {
    case 'uninterrupted':
      return 'clients saw no outage'
    case 'out':
      return 'the service was out at the end of the load'
    case 'not sustained':
      return `${noCommit}, and full service not seen again ${beforeTheCut(event)}`
    case 'not measured': {
      const bound = recovery.writeOutageSeconds ?? atLeast.writeOutageSeconds
      const out =
        bound === null
          ? ''
          : `no commit for ${recovery.writeOutageSeconds === null ? 'at least ' : ''}${seconds(bound)}, and `
      return `${out}full service not measured, because ${why}`
    }
    case 'recovered':
      return seconds(recovery.recoveryTimeSeconds) === seconds(recovery.writeOutageSeconds)
        ? `full service after ${seconds(recovery.recoveryTimeSeconds)} without a commit`
        : `${noCommit}, full service after ${seconds(recovery.recoveryTimeSeconds)}`
  }
}
