/** One row per cohort: how its clients behave, where each setting comes from, and what they saw of the worst event. */
import {
  BEHAVIOUR_SETTINGS,
  type BehaviourSetting,
  behaviourOf,
  type ClientBehaviour,
  OWN_BEHAVIOUR,
  type RetryPolicy,
} from '../../../loadgen-image/contract/clients/behaviour.ts'
import { knownClient } from '../../../loadgen-image/contract/clients/known-clients.ts'
import type { Cohort, LoadSettings } from '../../../loadgen-image/contract/load-plan.ts'
import { cohortNames, type LoadAnalysis } from '../../analysis/analysis.ts'
import { spreadOf } from '../../analysis/client-outages.ts'
import { acknowledgedBy } from '../../merge/ledger.ts'
import type { ClientRow } from '../../model/chart-data.ts'
import type { CohortReport, CohortSetting } from '../../model/comparisons/cohort.ts'
import { given, secondsBetween } from '../../units/units.ts'

export function cohortRows(analysis: LoadAnalysis, worstEvent: number | null): CohortReport[] {
  const { settings: load, clients, events, merged, window } = analysis
  const nameOf = cohortNames(load)
  const names = Array.from({ length: load.workers }, (_, worker) => nameOf(worker))
  const ofWorst = clients.filter(({ event }) => event === worstEvent)
  const t2Us = events.find(({ number }) => number === worstEvent)?.t2Us ?? null
  return load.cohorts.map((cohort) => {
    const { name, via, client, retry } = cohort
    const own = merged.ledger.workers.filter(({ worker }) => nameOf(worker) === name)
    return {
      name,
      via,
      client: client ?? null,
      retry: describeRetry(retry),
      settings: settingsOf(cohort, load),
      workers: names.filter((other) => other === name).length,
      ...seenBy(
        ofWorst.filter((row) => row.cohort === name),
        t2Us,
        window.endUs,
      ),
      // The compat table has no keys, so acknowledgements are not counted by client.
      acknowledged:
        load.transactions === 'compat' ? null : own.reduce((sum, worker) => sum + acknowledgedBy(worker), 0),
    }
  })
}

// ---- What its clients saw -------------------------------------------------------------------------------------------

/** Of the generator: a reply that the end of the load cut off. */
const END_OF_LOAD = 'end-of-load'

function seenBy(rows: readonly ClientRow[], t2Us: number | null, endUs: number) {
  const { clients, notMeasured, ...spread } = spreadOf(rows)
  const away = rows.filter(
    ({ isMeasured, lastGoodAt, firstGoodAt }) => isMeasured && lastGoodAt !== null && firstGoodAt === null,
  )
  const waiting = away.filter(({ code }) => code === END_OF_LOAD).length
  return {
    clientOutageSeconds: { p50: spread.p50, p95: spread.p95, p99: spread.p99, max: spread.max },
    clients,
    notMeasured,
    neverBack: away.length,
    returnAfterT2Seconds: away.length > 0 || notMeasured > 0 ? null : lastReturn(rows, t2Us),
    stillWaiting: waiting,
    stillWaitingSeconds: waiting === 0 ? null : secondsBetween(t2Us, endUs),
  }
}

function lastReturn(rows: readonly ClientRow[], t2Us: number | null): number | null {
  const backUs = rows.flatMap(({ firstGoodAt }) => (firstGoodAt === null ? [] : [Date.parse(firstGoodAt) * 1000]))
  return t2Us === null || backUs.length === 0 ? null : secondsBetween(t2Us, Math.max(...backUs))
}

// ---- How they behave ------------------------------------------------------------------------------------------------

export function describeRetry({ firstDelayMs, maxDelayMs, multiplier, jitter }: RetryPolicy): string {
  const growth =
    multiplier === 1 ? `every ${firstDelayMs} ms` : `${firstDelayMs} ms, x ${multiplier} up to ${maxDelayMs} ms`
  return jitter ? `${growth}, full jitter` : growth
}

const limit = (ms: number | null): string => (ms === null ? 'none' : given(ms, 'ms'))

const SETTINGS: {
  readonly [Setting in BehaviourSetting]: readonly [label: string, inWords: (value: ClientBehaviour[Setting]) => string]
} = {
  connectTimeoutMs: ['connect timeout', limit],
  replyTimeoutMs: ['reply timeout', limit],
  retry: ['back-off', describeRetry],
  addressCacheMs: ['address cache', (ms) => (ms === 0 ? 'none' : given(ms, 'ms'))],
  keepAliveMs: ['TCP keepalive', (ms) => (ms === null ? 'none' : `after ${given(ms, 'ms')}`)],
  validation: [
    'check before use',
    (value) =>
      value === null ? 'none' : `after ${given(value.afterIdleMs, 'ms')} idle, for ${given(value.timeoutMs, 'ms')}`,
  ],
}

const settingsOf = (cohort: Cohort, load: LoadSettings): CohortSetting[] =>
  BEHAVIOUR_SETTINGS.map((setting) => settingOf(setting, cohort, behaviourOf(cohort, load)))

function settingOf<Setting extends BehaviourSetting>(
  setting: Setting,
  cohort: Cohort,
  behaviour: ClientBehaviour,
): CohortSetting {
  const [name, inWords] = SETTINGS[setting]
  const value = inWords(behaviour[setting])
  const documented = cohort.client === undefined ? undefined : knownClient(cohort.client)[setting]
  if (documented !== undefined && isSame(documented.value, behaviour[setting]))
    return { name, value, origin: 'documentation', source: documented.source, says: documented.says }
  const isOwn = cohort[setting] !== undefined && !(setting === 'retry' && isLoads(cohort))
  return { name, value, origin: isOwn ? 'request' : 'load', source: null, says: null }
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value

const isLoads = ({ retry }: Cohort): boolean => isSame(retry, OWN_BEHAVIOUR.retry)
