/** The tables of the report: errors, containers, set-up, cost. */

import { addUp } from '../../loadgen-image/contract/counts.ts'
import type { LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import type { Analysis, LoadAnalysis } from '../analysis/analysis.ts'
import { wordsOf } from '../event-kinds/kinds.ts'
import { achievedShare, baselineHealth, cpuCores, loopDelayMs, sendLagP99Ms } from '../measurement/generator-limit.ts'
import type { Incarnation, SecondRange } from '../merge/merged.ts'
import type { DrillOutcome, Prices } from '../model/evidence.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { count, duration, given, isoOfUs } from '../units/units.ts'
import { spanOf } from './caveats.ts'
import { meaningOf } from './error-meanings.ts'
import { wayTo } from './way-to-server.ts'

export const errorRows = ({ merged }: LoadAnalysis): Report['errors'] =>
  merged.errors.map(({ code, phase, outcome, count, firstAtUs, lastAtUs, workers, example }) => ({
    code,
    meaning: meaningOf(code),
    phase,
    outcome,
    count,
    firstAt: isoOfUs(firstAtUs),
    lastAt: isoOfUs(lastAtUs),
    workers,
    example,
  }))

export function containerRows(
  { merged, baseline }: LoadAnalysis,
  { summaries }: DrillOutcome,
): Report['generator']['containers'] {
  const byContainer = Map.groupBy(merged.incarnations, ({ container }) => container)
  const seen = [...byContainer].map(([container, incarnations]) => {
    // A restarted container finds its claim and does not run again: the first process has the records.
    const main = incarnations.toSorted((a, b) => b.records - a.records)[0] as Incarnation
    const health = baselineHealth(main, baseline)
    const summary = summaries.find((one) => one.container === container)
    return {
      container,
      incarnations: incarnations.length,
      ended: summary?.ended ?? 'no summary',
      acknowledged: addUp(incarnations.map(({ counts }) => counts)).acknowledged,
      achievedShare: achievedShare(health),
      sendLagP99Ms: sendLagP99Ms(health),
      eventLoopDelayP99Ms: loopDelayMs(health, 0.99),
      cpuCores: cpuCores(health),
      maxRssMb: round(Math.max(...incarnations.map(({ maxRssBytes }) => maxRssBytes)) / 2 ** 20, 1),
      connectionsWanted: main.connectionsWanted,
      connectionsPeak: main.connectionsPeak,
      clockOffsetMs: main.clock.errorMs === null ? null : round(main.clock.offsetUs / 1000, 3),
      clockErrorMs: main.clock.errorMs,
      missingSeconds: incarnations.flatMap(({ missing }) => missing).reduce((sum, range) => sum + lengthOf(range), 0),
    }
  })
  return [...seen, ...merged.absent.map(absentRow)].sort((a, b) => a.container - b.container)
}

const lengthOf = ({ first, last }: SecondRange): number => last - first + 1

const absentRow = (container: number): Report['generator']['containers'][number] => ({
  container,
  incarnations: 0,
  ended: 'left no record',
  acknowledged: 0,
  achievedShare: null,
  sendLagP99Ms: null,
  eventLoopDelayP99Ms: null,
  cpuCores: null,
  maxRssMb: null,
  connectionsWanted: 0,
  connectionsPeak: 0,
  clockOffsetMs: null,
  clockErrorMs: null,
  missingSeconds: 0,
})

export const missingChunks = ({ merged }: LoadAnalysis): string[] =>
  merged.incarnations.flatMap(({ container, missing }) =>
    missing.map((range) => `container ${container}: ${spanOf(range)}`),
  )

export function setupOf({ evidence: { plan, facts, containers } }: Analysis): Report['setup'] {
  const { load, target, containerSize } = plan
  const server = facts?.server
  const image = facts?.containers.image
  const session = facts?.sessions.find(({ reachable }) => reachable)
  const entries: ReadonlyArray<readonly [string, string | null | undefined]> = [
    ['Server', target.server],
    ['Resource group', target.resourceGroup],
    ['Database', target.database],
    ['Region', server?.location],
    ['Way to the server', wayTo(session?.reachedAt ?? null, server?.isInSubnet ?? null)],
    ['SKU', server?.sku?.name],
    ['PostgreSQL version', session?.serverVersion ?? server?.version],
    ['High availability', server?.highAvailability?.mode],
    ['Storage', storageOf(facts?.server?.storage ?? null)],
    ['synchronous_commit', synchronousCommitOf(facts?.loadSessions ?? [])],
    ['synchronous_standby_names', session?.synchronousStandbyNames],
    ...PARAMETERS.map(
      ([name, unit]) => [name, withUnit(facts?.parameters?.find((one) => one.name === name)?.value, unit)] as const,
    ),
    ['Load generator image', image?.reference],
    ['Image digest', image?.reference.includes(image.digest ?? '') ? null : image?.digest],
    ['Containers', `${load.containers} of ${containerSize.cpu} vCPU and ${containerSize.memoryGb} GB`],
    ['Zones of the containers', zonesOf(containers)],
    ['Target rate', targetRate(load)],
    ['Clients', `${count(load.workers)}, one connection each`],
    ['Duration', duration(load.durationSeconds)],
    [
      'Deadline of an arrival',
      `${given(load.deadlineMs, 'ms')}, then it is ${load.onDeadline === 'shed' ? 'missed' : 'sent late'}`,
    ],
    [
      'Table',
      load.transactions === 'ledger'
        ? 'with keys: every commit can be looked up'
        : 'as it was, without keys: losses cannot be seen',
    ],
    [
      'Events',
      plan.events.map((event) => `${wordsOf(event)} after ${given(event.atSeconds, 's')}`).join(', ') || 'none',
    ],
    ['Seed', String(load.seed)],
    ['Requested by', REQUESTED_BY[plan.requestedBy]],
    ['Note', plan.note],
  ]
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] != null && entry[1] !== ''))
}

/** Where the observers stood: one in the zone that is lost is lost with it. Null where the platform chose. */
function zonesOf(containers: DrillOutcome['containers']): string | null {
  const known = containers.flatMap(({ container, zone }) =>
    zone === null ? [] : [`container ${container} in zone ${zone}`],
  )
  return known.length === 0 ? null : known.join(', ')
}

/** In the load's own sessions; cohorts that connect by different ports may have different values. */
const synchronousCommitOf = (sessions: NonNullable<DrillOutcome['facts']>['loadSessions']): string | null => {
  const values = sessions.flatMap(({ settings }) =>
    (settings ?? []).filter(({ name }) => name === 'synchronous_commit').map(({ value }) => value),
  )
  return values.length === 0 ? null : [...new Set(values)].join(', ')
}

/** The server parameters that matter for a failover. */
const PARAMETERS: ReadonlyArray<readonly [name: string, unit: string]> = [
  ['max_connections', ''],
  ['shared_buffers', 'pages of 8 kB'],
  ['max_wal_size', 'MB'],
  ['pgbouncer.enabled', ''],
  ['pgbouncer.pool_mode', ''],
  ['pgbouncer.default_pool_size', ''],
  ['pgbouncer.max_client_conn', ''],
]

/** The platform returns plain numbers, in PostgreSQL's own unit of the parameter. */
const withUnit = (value: string | null | undefined, unit: string): string | null =>
  value == null ? null : /^\d+$/.test(value) && unit !== '' ? `${value} ${unit}` : value

const targetRate = ({ targetTps, arrivals }: LoadSettings): string =>
  targetTps === 0
    ? 'as fast as the service answers (closed loop)'
    : `${given(targetTps, 'tps')}, ${arrivals === 'even' ? 'evenly spaced' : 'at random moments (Poisson)'}`

function storageOf(storage: NonNullable<NonNullable<DrillOutcome['facts']>['server']>['storage']): string | null {
  if (storage === null) return null
  const parts = [
    storage.sizeGb === null ? null : `${storage.sizeGb} GB`,
    storage.tier,
    storage.iops === null ? null : `${storage.iops} IOPS`,
  ]
  return parts.filter((part) => part !== null).join(', ')
}

/** Measured seconds of all containers times the configured prices. */
export const costOf = ({ evidence: { containerSeconds, prices, plan } }: Analysis): Report['cost'] =>
  costOfSeconds(containerSeconds, plan.containerSize, prices)

/** Of containers of one size. Null seconds: not measured. */
export function costOfSeconds(
  containerSeconds: number | null,
  { cpu, memoryGb }: DrillPlan['containerSize'],
  prices: Prices | null,
): Report['cost'] {
  const vCpuSeconds = containerSeconds === null ? null : round(containerSeconds * cpu, 1)
  const gbSeconds = containerSeconds === null ? null : round(containerSeconds * memoryGb, 1)
  return {
    vCpuSeconds,
    gbSeconds,
    currency: prices?.currency ?? '',
    amount:
      vCpuSeconds === null || gbSeconds === null || prices === null
        ? null
        : round(vCpuSeconds * prices.perVCpuSecond + gbSeconds * prices.perGbSecond, 4),
    source: prices?.source ?? 'no prices are configured',
  }
}

const REQUESTED_BY: Readonly<Record<DrillOutcome['plan']['requestedBy'], string>> = {
  http: 'a call of the API',
  timer: 'the daily timer',
  campaign: 'a campaign',
}
