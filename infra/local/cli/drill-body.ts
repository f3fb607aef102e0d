/** The request that the options of a drill make, here or in an app, and every problem between them before anything starts. */
import { statSync } from 'node:fs'
import { SIZE_CHECKS } from '../../../functions/checklist/before.ts'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import { settingOfSecret } from '../../../functions/request/app-probes.ts'
import { CAMPAIGN_LIMITS, parseCampaign } from '../../../functions/request/campaign.ts'
import { defaultEventSecond, type Problem, parseRequest } from '../../../functions/request/request.ts'
import { LOAD_DEFAULTS } from '../../../loadgen-image/contract/load-plan.ts'
import { parseCommandLine, requireNone } from '../process/command-line.ts'
import { needsReplica, withReplicaHere } from './drill-events.ts'
import { DRILL_COMMAND, type DrillOptions } from './drill-options.ts'
import { problemInOptions } from './option-words.ts'
import { type Body, DEFAULTS_HERE, FAILOVER_AT_HERE, givenFields, merged } from './request-options.ts'

/** 'help' when that is asked for. Throws CannotRun with every problem. `drills`: unless --repeat names another number. */
export function parseDrillOptions(args: readonly string[], drills = 1): DrillOptions | 'help' {
  const given = parseCommandLine(DRILL_COMMAND, args, problemsOfPlace)
  if (given === 'help') return 'help'
  const options = { ...given.options, repeat: given.options.repeat ?? drills }
  requireNone(DRILL_COMMAND, problemsBetween(options, drills))
  return options
}

/** The rules of the app, judged before anything starts, and those of the local stack alone. */
function problemsBetween(options: DrillOptions, drills: number): string[] {
  const parsed = parsedBody(options)
  return [
    ...('problems' in parsed ? parsed.problems.map((problem) => problemInOptions(options, problem)) : []),
    ...problemsOfTarget(options),
    ...problemsOfCampaign(options, drills),
    ...problemsOfHolding(options),
    ...problemsOfReplica(options),
    ...problemsOfHost(options),
  ]
}

function parsedBody(options: DrillOptions): { readonly plan: DrillPlan } | { readonly problems: readonly Problem[] } {
  const body = requestBody(options)
  if (options.repeat > 1) {
    const parsed = parseCampaign(campaignBody(options), { ...contextOf(body), campaignId: 'options' })
    return parsed.ok ? { plan: parsed.campaign.plan } : parsed
  }
  const parsed = parseRequest(body, { ...contextOf(body), drillId: 'options', requestedBy: 'http' })
  return parsed.ok ? { plan: parsed.plan } : parsed
}

/** Against the rules of the app, before there is one. */
export function problemsOfRequest(body: Body): readonly Problem[] {
  const parsed = parseRequest(body, { ...contextOf(body), drillId: 'file', requestedBy: 'timer' })
  return parsed.ok ? [] : parsed.problems
}

/** What the app allows, and the names of its servers, are known to the app alone: here what the request names is right. */
const contextOf = (body: Body) => ({
  requestedAt: new Date(0).toISOString(),
  defaults: {
    targets: [
      {
        name: typeof body.target === 'string' ? body.target : 'local',
        target: { resourceGroup: 'local', server: 'local', database: 'local' },
        cooldownMinutes: 0,
      },
    ] as const,
    probes: ownProbes(body),
  },
})

function ownProbes({ probes }: Body) {
  const list = Array.isArray(probes) ? (probes as ReadonlyArray<Body | null>) : []
  const texts = (values: readonly unknown[]) => values.filter((value) => typeof value === 'string')
  const secrets = list.flatMap((probe) => texts([...Object.values((probe?.headers ?? {}) as Body), probe?.body]))
  return { allowlist: texts(list.map((probe) => probe?.url)), secretSettings: secrets.map(settingOfSecret) }
}

/** The drill as the app will plan it, apart from what the app's own settings decide. */
export function planOf(options: DrillOptions): DrillPlan {
  const parsed = parsedBody(options)
  if ('plan' in parsed) return parsed.plan
  throw new Error('options with problems have no plan')
}

// ---- Problems -----------------------------------------------------------------------------------------------------------

const ONLY = Object.entries(DRILL_COMMAND.options).map(([name, { heading, flag }]) => ({ name, heading, flag }))

/** Options of the other place. */
function problemsOfPlace(named: ReadonlySet<string>): string[] {
  const given = ONLY.filter(({ name }) => named.has(name) && name !== 'app')
  const of = (part: string) => given.filter(({ heading }) => heading === part).map(({ flag }) => `--${flag}`)
  const problems = named.has('app')
    ? of('On this machine alone').map((flag) => `${flag} is for a drill on this machine, and not with --app`)
    : of('In a deployed app').map((flag) => `${flag} needs --app`)
  return named.has('entraClient') && !named.has('entra') ? [...problems, '--entra-client needs --entra'] : problems
}

const TARGET_PARTS = ['target.server', 'target.resourceGroup', 'target.database'] as const

function problemsOfTarget(options: DrillOptions): string[] {
  if (options.target === null) return []
  const beside = TARGET_PARTS.filter((name) => options[name] !== null)
  const flags = beside.map((name) => `--${DRILL_COMMAND.options[name].flag}`)
  return flags.length === 0 ? [] : [`--target names a server of the app, and is not given with ${flags.join(', ')}`]
}

/** What one drill has no use for, and what a campaign cannot do. */
function problemsOfCampaign({ repeat, campaignCriteria, holdStandbySeconds }: DrillOptions, drills: number): string[] {
  if (drills > 1 && repeat === 1) return [`--repeat: a campaign has ${CAMPAIGN_LIMITS.minDrills} drills or more`]
  if (repeat > 1)
    return holdStandbySeconds === null ? [] : ['--hold-standby needs a single drill: it holds the standby back once']
  return campaignCriteria.length === 0 ? [] : ['--campaign-criteria needs --repeat with 2 or more drills']
}

/** Azure's host takes the app's folder and finds the entry file in its package.json. */
function problemsOfHost({ host, package: app }: DrillOptions): string[] {
  const isEntryFile = app !== null && !app.endsWith('.zip') && statSync(app).isFile()
  return host === 'functions' && isEntryFile
    ? ['--package must be a folder or a zip with --host functions: Azure reads the entry file from its package.json']
    : []
}

/** The second of the load from which on the standby is held back: before the failover, or before the watch. */
export const heldFromSeconds = ({ holdStandbySeconds, failoverAtSeconds, events }: DrillOptions): number | null =>
  holdStandbySeconds === null
    ? null
    : (events[0]?.atSeconds ?? failoverAtSeconds ?? FAILOVER_AT_HERE) - holdStandbySeconds

function problemsOfHolding(options: DrillOptions): string[] {
  const { replication, failoverMode, events } = options
  const heldFrom = heldFromSeconds(options)
  if (heldFrom === null) return []
  const problems: string[] = []
  if (events.some(({ kind }) => kind !== 'external'))
    problems.push('--hold-standby is for the failover of --failover-at or an external event: see --hold-back')
  if (replication === 'sync')
    problems.push('--hold-standby needs --replication async: with sync every commit would wait for the standby')
  if ((failoverMode ?? 'forced') !== 'forced')
    problems.push('--hold-standby needs --failover-mode forced: a planned failover waits for the standby')
  if (heldFrom < 0) problems.push('--hold-standby must not be longer than --failover-at: there is no load before')
  return problems
}

/** A replica that no event needs is for the events that others cause. */
export function hasReplica(options: DrillOptions): boolean {
  const { events } = requestBody(options)
  return options.replica || (Array.isArray(events) && needsReplica(events))
}

function problemsOfReplica(options: DrillOptions): string[] {
  return options.holdBackSeconds === null || hasReplica(options)
    ? []
    : ['--hold-back needs --replica, or a switchover among the events: there is no replica to hold back']
}

// ---- The request --------------------------------------------------------------------------------------------------------

/** What is given, in the file and over it by options. What is not given is the app's to decide. */
export function requestBody(options: DrillOptions, appUrl = UNKNOWN_APP): Body {
  const given = merged(options.request ?? {}, givenFields(options))
  const events = failoverOf(options, given) ?? given.events
  const body = { ...given, ...(events !== undefined && { events }) }
  return options.app === null ? bodyHere(options, body, appUrl) : body
}

/** Null: neither of its options is given, or events stand in its place. */
function failoverOf({ events, failoverMode, failoverAtSeconds }: DrillOptions, given: Body): readonly Body[] | null {
  if (events.length > 0 || (failoverMode === null && failoverAtSeconds === null)) return null
  if (failoverMode === 'none') return []
  const duration = typeof given.durationSeconds === 'number' ? given.durationSeconds : LOAD_DEFAULTS.durationSeconds
  return [failover(failoverAtSeconds ?? defaultEventSecond(duration), failoverMode ?? 'forced')]
}

const failover = (atSeconds: number, mode: string): Body => ({ atSeconds, kind: 'failover', mode })

/**
 * A drill of a minute on a small machine has no time for the default waits. What is measured is defined in the same way, and the
 * report prints the waits.
 */
function bodyHere(options: DrillOptions, given: Body, appUrl: string): Body {
  const { withApp, weather, failoverMode, failoverAtSeconds } = options
  const isDefault = options.events.length === 0 && failoverMode !== 'none' && failoverAtSeconds === null
  const standing = isDefault && options.request?.events === undefined
  const events = standing ? [failover(FAILOVER_AT_HERE, failoverMode ?? 'forced')] : given.events
  const load = {
    ...DEFAULTS_HERE,
    ...given,
    ...(Array.isArray(events) ? { events: withReplicaHere(events) } : { events }),
  }
  return {
    // This machine has no advised server size and no advised disk. The report records both checks as forced.
    ...merged({ timing: timingHere(load), force: SIZE_CHECKS }, load),
    ...(withApp && { probes: exampleProbes(appUrl) }),
    ...(weather !== null && { note: `on a local Azure endpoint with --weather ${weather}` }),
  }
}

function timingHere({ durationSeconds, events }: Body): Body {
  const seconds = Array.isArray(events) ? events.map((event: Body | null) => event?.atSeconds) : []
  const steadySeconds = Math.min(...[durationSeconds, ...seconds].filter((value) => typeof value === 'number'))
  return {
    warmupSeconds: Math.min(30, Math.floor(steadySeconds / 3)),
    minBaselineSeconds: 3,
    readyTimeoutSeconds: 90,
    eventTimeoutSeconds: 120,
    healthyTimeoutSeconds: 120,
    auditPauseSeconds: AUDIT_PAUSE_SECONDS,
    cooldownMinutes: 0,
    watchIntervalSeconds: 1,
    lateMetricsSeconds: LATE_METRICS_SECONDS,
  }
}

/** The body of the campaign's request: every drill of it is this one. */
export function campaignBody(options: DrillOptions, appUrl = UNKNOWN_APP): Body {
  const { repeat, gapSeconds, campaignCriteria, app } = options
  const gap = gapSeconds ?? (app === null ? GAP_SECONDS_HERE : null)
  return {
    drills: repeat,
    ...(gap !== null && { gapMinutes: gap / 60 }),
    request: requestBody(options, appUrl),
    ...(campaignCriteria.length > 0 && { criteria: campaignCriteria }),
  }
}

const GAP_SECONDS_HERE = 5

/** Its port is known once it runs. */
const UNKNOWN_APP = 'http://127.0.0.1:1'

const exampleProbes = (appUrl: string) => [
  { ...{ name: 'checkout', url: `${appUrl}/checkout`, method: 'POST' }, everyMs: 50, timeoutMs: 2_000 },
  {
    ...{ name: 'checkout-validated', url: `${appUrl}/checkout-validated`, method: 'POST' },
    everyMs: 100,
    timeoutMs: 2_000,
  },
]

/** Between the two audits of the rows. */
const AUDIT_PAUSE_SECONDS = 2
/** The local platform's metrics are a few seconds late, not minutes. */
const LATE_METRICS_SECONDS = 8

/** "400 TPS by 20 workers for 45 s, failover at 15 s" */
export function loadWords({ load: { targetTps, workers, durationSeconds }, events }: DrillPlan): string {
  const rate = targetTps === 0 ? 'as many transactions as possible' : `${targetTps} TPS`
  const acts = events.map(({ kind, atSeconds }) => `${kind} at ${atSeconds} s`).join(', ')
  return `${rate} by ${workers} workers for ${durationSeconds} s, ${acts || 'no event'}`
}
