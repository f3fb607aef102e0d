/** The options of `npm run drill`, and the request that they make. Bounds are those of a drill's request. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import * as z from 'zod'
import { BEFORE_CHECK_IDS, SIZE_CHECKS } from '../../../functions/checklist/before.ts'
import { problemOfCriterion } from '../../../functions/criteria/defaults.ts'
import { CAMPAIGN_LIMITS, parseCampaign } from '../../../functions/request/campaign.ts'
import { type Problem, parseRequest, REQUEST_LIMITS, requestSchema } from '../../../functions/request/request.ts'
import { number, oneOf, whole } from '../../../loadgen-image/contract/fields.ts'
import { type OptionsOf, parseCommandLine, plainNumber, requireNone } from '../process/command-line.ts'
import { EVENT_HELP, eventsSchema, needsReplica } from './drill-events.ts'

export type DrillOptions = OptionsOf<typeof DRILL_COMMAND>

const request = requestSchema.shape
const atSeconds = number(0, REQUEST_LIMITS.maxDurationSeconds)
const numeric = <T extends z.ZodType>(schema: T) => z.preprocess(plainNumber, schema)
const existing = z
  .string()
  .refine(existsSync, { error: 'an existing file or folder' })
  .transform((path) => resolve(path))
const criterion = z.string().refine((text) => problemOfCriterion(text) === null, {
  error: ({ input }) => problemOfCriterion(String(input)) ?? '',
})
const listed = z
  .array(z.string())
  .transform((lists) =>
    lists.flatMap((list) => list.split(';').map((text) => text.trim())).filter((text) => text !== ''),
  )
const criteria = listed.pipe(z.array(criterion))

const MAX_SEED = 4_294_967_295

export const DRILL_COMMAND = {
  command: 'npm run drill --',
  about:
    'Runs a failover drill, or a campaign of several, under load on this machine and leaves the report in runs/<id>/.',
  options: {
    targetTps: {
      flag: 'target-tps',
      value: 'N',
      default: '400',
      schema: numeric(request.targetTps.unwrap()),
      help: 'arrivals per second, all containers together; 0: closed loop at full speed',
    },
    workers: {
      flag: 'workers',
      value: 'N',
      default: '20',
      schema: numeric(request.workers.unwrap()),
      help: 'simulated clients, all containers together',
    },
    durationSeconds: {
      flag: 'duration',
      value: 'SECONDS',
      default: '45',
      schema: numeric(request.durationSeconds.unwrap()),
      help: 'length of the load',
    },
    failoverAtSeconds: {
      flag: 'failover-at',
      value: 'SECONDS',
      default: '15',
      schema: numeric(atSeconds),
      help: 'when to fail over, counted from the start of the load',
    },
    failoverMode: {
      flag: 'failover-mode',
      value: 'MODE',
      default: 'forced',
      schema: oneOf(['forced', 'planned', 'none']),
      help: 'forced, planned or none',
    },
    events: {
      flag: 'event',
      value: EVENT_HELP,
      isRepeatable: true,
      schema: eventsSchema,
      help: 'another event instead of that failover: restart@20, scale:Local_8vCores@20, switchover:forced@20, switchover:planned:home@20, external@10; repeatable',
    },
    replica: { flag: 'replica', help: 'with a replica in another region; a switchover has one without this' },
    holdBackSeconds: {
      flag: 'hold-back',
      value: 'SECONDS',
      schema: numeric(number(0.1, 3_600)),
      help: 'demonstrates loss: the replica in the other region receives its WAL SECONDS late, and a forced switchover loses it',
    },
    scaling: {
      flag: 'scaling',
      value: 'PATH',
      default: 'switch',
      schema: oneOf(['switch', 'in-place']),
      help: 'the path that the local platform takes: switch (near-zero downtime) or in-place',
    },
    containers: {
      flag: 'containers',
      value: 'N',
      default: '1',
      schema: numeric(request.containers.unwrap()),
      help: 'load generators',
    },
    replication: {
      flag: 'replication',
      value: 'KIND',
      default: 'sync',
      schema: oneOf(['sync', 'async']),
      help: 'sync or async: whether a commit waits for the standby',
    },
    criteria: {
      flag: 'criteria',
      value: 'TEXT',
      isRepeatable: true,
      schema: criteria,
      help: 'objectives instead of the default ones, such as "recovery_time_s <= 60; lost_commits == 0"; repeatable',
    },
    withApp: {
      flag: 'with-app',
      help: 'with a small web application on the same database, probed as "checkout" and "checkout-validated": the first has a connection pool that does not validate, which the report shows beside the database',
    },
    repeat: {
      flag: 'repeat',
      value: 'N',
      default: '1',
      schema: numeric(whole(1, CAMPAIGN_LIMITS.maxDrills)),
      help: 'runs a campaign of N drills, one after the other, and reports the distribution of every figure',
    },
    gapSeconds: {
      flag: 'gap',
      value: 'SECONDS',
      default: '5',
      schema: numeric(number(0, CAMPAIGN_LIMITS.maxGapMinutes * 60)),
      help: 'between two drills of a campaign',
    },
    campaignCriteria: {
      flag: 'campaign-criteria',
      value: 'TEXT',
      isRepeatable: true,
      schema: listed,
      help: 'objectives over the drills of a campaign instead of the default ones, such as "recovery_time_s[max] <= 60"; repeatable',
    },
    force: {
      flag: 'force',
      value: 'ID',
      isRepeatable: true,
      // Only these stop a drill.
      schema: z.array(z.enum(BEFORE_CHECK_IDS, { error: `one of ${BEFORE_CHECK_IDS.join(', ')}` })),
      help: 'a check that may fail without stopping the drill, by its id, such as synchronous-commit; recorded in the report; repeatable',
    },
    out: {
      flag: 'out',
      value: 'DIR',
      default: 'runs',
      schema: z.string().min(1, { error: 'the name of a folder' }),
      help: 'where the folder <drill-id>/ with the results is made',
    },
    keep: { flag: 'keep', help: "keep the servers' data and logs after the end (the processes are stopped)" },
    host: {
      flag: 'host',
      value: 'KIND',
      default: 'local',
      schema: oneOf(['local', 'durable', 'functions']),
      help: "local; durable: the local host on Azure's own Durable extension (needs the .NET SDK 10); or functions: Azure's own Functions host (func must be installed)",
    },
    holdStandbySeconds: {
      flag: 'hold-standby',
      value: 'SECONDS',
      schema: numeric(number(0.1, 18_000)),
      help: 'demonstrates loss: the standby receives nothing from SECONDS before a forced failover or an external event on (needs --replication async)',
    },
    platformPauseSeconds: {
      flag: 'platform-pause',
      value: 'SECONDS',
      default: '2',
      schema: numeric(number(0, 600)),
      help: 'time between the death of the primary and the promotion: what a real platform needs to notice and to fence',
    },
    weather: {
      flag: 'weather',
      value: 'SEED',
      schema: numeric(
        z
          .number()
          .int()
          .min(0)
          .max(MAX_SEED, { error: `a whole number from 0 to ${MAX_SEED}` }),
      ),
      help: 'the local Azure endpoint behaves as users report of Azure (404 after a creation, 409, 429, lost answers, late metrics), by the choices of SEED',
    },
    app: {
      flag: 'app',
      value: 'PATH',
      schema: existing,
      help: 'run this function app instead of the sources: an entry file, a folder or the zip that would be deployed',
    },
    loadgen: {
      flag: 'loadgen',
      value: 'FILE',
      schema: existing,
      help: 'run this load generator instead of the sources: its entry file',
    },
  },
  closing: `Exit code: 0 PASS, 1 FAIL, 2 could not run or did not start, 3 INCONCLUSIVE or ABORTED.
Ctrl-C aborts the drill or the campaign, which still reports; a second Ctrl-C ends everything at once.`,
} as const

/** 'help' when that is asked for. Throws CannotRun with every problem. */
export function parseDrillOptions(args: readonly string[]): DrillOptions | 'help' {
  const given = parseCommandLine(DRILL_COMMAND, args)
  if (given === 'help') return 'help'
  requireNone(DRILL_COMMAND, problemsBetween(given.options))
  return given.options
}

/** The rules of the app, judged before anything starts, and those of the local stack alone. */
function problemsBetween(options: DrillOptions): string[] {
  return [
    ...problemsOfBody(options).map((problem) => problemInOptions(options, problem)),
    ...problemsOfCampaign(options),
    ...problemsOfHolding(options),
    ...problemsOfReplica(options),
    ...problemsOfHost(options),
  ]
}

function problemsOfBody(options: DrillOptions): readonly Problem[] {
  const context = {
    requestedAt: new Date(0).toISOString(),
    defaults: {
      target: { resourceGroup: 'local', server: 'local', database: 'local' },
      cooldownMinutes: 0,
      probes: { allowlist: [`${UNKNOWN_APP}/`], secretSettings: [] },
    },
  }
  const parsed =
    options.repeat > 1
      ? parseCampaign(campaignBody(options), { ...context, campaignId: 'options' })
      : parseRequest(requestBody(options), { ...context, drillId: 'options', requestedBy: 'http' })
  return parsed.ok ? [] : parsed.problems
}

/** What one drill has no use for, and what a campaign cannot do. */
function problemsOfCampaign({ repeat, campaignCriteria, holdStandbySeconds }: DrillOptions): string[] {
  if (repeat > 1)
    return holdStandbySeconds === null ? [] : ['--hold-standby needs a single drill: it holds the standby back once']
  return campaignCriteria.length === 0 ? [] : ['--campaign-criteria needs --repeat with 2 or more drills']
}

/** Azure's host takes the app's folder and finds the entry file in its package.json. */
function problemsOfHost({ host, app }: DrillOptions): string[] {
  const isEntryFile = app !== null && !app.endsWith('.zip') && statSync(app).isFile()
  return host === 'functions' && isEntryFile
    ? ['--app must be a folder or a zip with --host functions: Azure reads the entry file from its package.json']
    : []
}

/** The second of the load from which on the standby is held back: before the failover, or before the watch. */
export const heldFromSeconds = ({ holdStandbySeconds, failoverAtSeconds, events }: DrillOptions): number | null =>
  holdStandbySeconds === null ? null : (events[0]?.atSeconds ?? failoverAtSeconds) - holdStandbySeconds

function problemsOfHolding(options: DrillOptions): string[] {
  const { replication, failoverMode, events } = options
  const heldFrom = heldFromSeconds(options)
  if (heldFrom === null) return []
  const problems: string[] = []
  if (events.some(({ kind }) => kind !== 'external'))
    problems.push('--hold-standby is for the failover of --failover-at or an external event: see --hold-back')
  if (replication === 'sync')
    problems.push('--hold-standby needs --replication async: with sync every commit would wait for the standby')
  if (failoverMode !== 'forced')
    problems.push('--hold-standby needs --failover-mode forced: a planned failover waits for the standby')
  if (heldFrom < 0) problems.push('--hold-standby must not be longer than --failover-at: there is no load before')
  return problems
}

/** A replica that no event needs is for the events that others cause. */
export const hasReplica = ({ replica, events }: Pick<DrillOptions, 'replica' | 'events'>): boolean =>
  replica || needsReplica(events)

function problemsOfReplica(options: DrillOptions): string[] {
  return options.holdBackSeconds === null || hasReplica(options)
    ? []
    : ['--hold-back needs --replica, or a switchover among the events: there is no replica to hold back']
}

/** Fields whose option has another name. */
const OPTIONS: Readonly<Record<string, keyof DrillOptions>> = { gapMinutes: 'gapSeconds' }

/** Fields of the request have the names of their options; in a campaign the objectives of the drill stand inside `request`. */
function problemInOptions({ repeat, events }: DrillOptions, { field, problem, expected }: Problem): string {
  const name = field.replace(/^request\./, '').split(/[.[]/, 1)[0] ?? ''
  const isOverDrills = repeat > 1 && field.startsWith('criteria')
  const isOfFailover = name === 'events' && events.length === 0
  const named = isOfFailover ? 'failoverAtSeconds' : (OPTIONS[name] ?? (name as keyof DrillOptions))
  const option = isOverDrills ? 'campaignCriteria' : named
  const flag = DRILL_COMMAND.options[option]?.flag
  return `${flag === undefined ? field : `--${flag}`}: ${problem}; expected ${expected}`
}

/**
 * The body of the drill's request. A drill of a minute has no time for the default waits. What is measured is defined in the same
 * way, and the report prints the waits.
 */
export function requestBody(options: DrillOptions, appUrl = UNKNOWN_APP): Readonly<Record<string, unknown>> {
  const { targetTps, workers, containers, durationSeconds } = options
  const events = eventsIn(options)
  const steadySeconds = Math.min(durationSeconds, ...events.map(({ atSeconds }) => atSeconds))
  return {
    targetTps,
    workers,
    durationSeconds,
    containers,
    events,
    ...(options.criteria.length > 0 ? { criteria: options.criteria } : {}),
    ...(options.withApp ? { probes: exampleProbes(appUrl) } : {}),
    timing: {
      warmupSeconds: Math.min(30, Math.floor(steadySeconds / 3)),
      minBaselineSeconds: 3,
      readyTimeoutSeconds: 90,
      eventTimeoutSeconds: 120,
      healthyTimeoutSeconds: 120,
      auditPauseSeconds: AUDIT_PAUSE_SECONDS,
      cooldownMinutes: 0,
      watchIntervalSeconds: 1,
      lateMetricsSeconds: LATE_METRICS_SECONDS,
    },
    // This machine has no advised server size and no advised disk. The report records both checks as forced.
    force: [...new Set([...SIZE_CHECKS, ...options.force])],
    ...(options.weather === null ? {} : { note: `on a local Azure endpoint with --weather ${options.weather}` }),
  }
}

/** The body of the campaign's request: every drill of it is this one. */
export const campaignBody = (options: DrillOptions, appUrl = UNKNOWN_APP): Readonly<Record<string, unknown>> => ({
  drills: options.repeat,
  gapMinutes: options.gapSeconds / 60,
  request: requestBody(options, appUrl),
  ...(options.campaignCriteria.length > 0 ? { criteria: options.campaignCriteria } : {}),
})

/** One failover, unless other events are given. */
function eventsIn({ events, failoverMode, failoverAtSeconds }: DrillOptions) {
  if (events.length > 0) return events
  return failoverMode === 'none'
    ? []
    : [{ atSeconds: failoverAtSeconds, kind: 'failover' as const, mode: failoverMode }]
}

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
