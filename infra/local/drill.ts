/** npm run drill: starts the local stack, runs a drill or a campaign on it, and leaves the report. `--help` lists the options. */
import { resolve } from 'node:path'
import type { DrillStatus } from '../../functions/model/status.ts'
import { screen } from '../../loadgen-image/output/screen.ts'
import { type Weather, weatherOf } from './azure/arm/weather.ts'
import { campaignLines, keepCampaign, runCampaign } from './cli/campaign.ts'
import { createDrillApi } from './cli/drill-client.ts'
import {
  campaignBody,
  DRILL_COMMAND,
  type DrillOptions,
  hasReplica,
  heldFromSeconds,
  parseDrillOptions,
  requestBody,
} from './cli/drill-options.ts'
import { createProgressView, type ProgressView, terminalOf } from './cli/drill-progress.ts'
import { EXIT_CODES, exitCodeOf, fetchReport, keepFiles, keptLines, verdictLines } from './cli/drill-result.ts'
import { fallenLines, forecastLines, WEATHER_FILE, weatherFile } from './cli/drill-weather.ts'
import { followToEnd } from './cli/follow.ts'
import { requireDotnet } from './functions-host/durable-extension/build.ts'
import { requirePrograms } from './install.ts'
import { helpOf } from './process/command-line.ts'
import { type Lifetime, runCommand } from './process/lifetime.ts'
import { CannotRun, printable, wordsOf } from './process/problem.ts'
import { requireSpace, requireWritable } from './process/stack-folder.ts'
import { requireAzureHost } from './stack/functions-host.ts'
import { type ReplicaOptions, type Stack, startStack } from './stack/stack.ts'

const EXIT_CANNOT_RUN = 2
const RESULTS_MB = 100

async function drillWithStack(options: DrillOptions, lifetime: Lifetime): Promise<number> {
  const out = resolve(options.out)
  requireWritable(out, 'Give another folder with --out')
  requireSpace(out, RESULTS_MB, 'the report', 'give another folder with --out')
  if (options.host === 'functions') requireAzureHost()
  if (options.host === 'durable') await requireDotnet()
  const view = createProgressView(terminalOf(process.stdout), options.durationSeconds)
  const programs = requirePrograms({ forTests: false, say: view.note })
  view.note(
    'Starting PostgreSQL (primary and standby), PgBouncer, storage, the Azure endpoint and the Functions host ...',
  )
  const weather = weatherIn(options)
  if (weather !== null) view.note(forecastLines(weather).join('\n'))
  const stack = await startStack(
    {
      programs,
      replication: options.replication,
      replica: replicaOf(options),
      scalingPath: options.scaling === 'in-place' ? 'in place' : 'switch',
      host: options.host,
      apiPort: null,
      platformPauseMs: options.platformPauseSeconds * 1000,
      weather,
      app: options.app,
      loadgen: options.loadgen,
      withApp: options.withApp,
      keep: options.keep,
      say: view.note,
    },
    lifetime,
  )
  try {
    const given = { ...options, out }
    const running =
      options.repeat > 1 ? campaign(stack, given, lifetime.signal) : drill(stack, given, view, lifetime.signal)
    return await Promise.race([running, stack.broken])
  } finally {
    view.end()
    await stack.stop()
  }
}

async function drill(stack: Stack, options: DrillOptions, view: ProgressView, signal: AbortSignal): Promise<number> {
  const api = createDrillApi(stack.apiUrl, stack.functionKey)
  if (stack.exampleApp !== null) view.note(`The example application: POST ${stack.exampleApp.url}/checkout`)
  const drillId = await api.start(requestBody(options, stack.exampleApp?.url))
  view.note(`Drill ${drillId}: ${loadWords(options)}`)
  const holdBack = holdingBack(stack, options, view)
  const last = await followToEnd(
    {
      what: 'drill',
      read: () => api.status(drillId),
      abort: () => api.abort(drillId),
      onStatus: (status) => {
        view.show(status)
        holdBack(status)
      },
      say: view.note,
    },
    signal,
  )
  view.end()
  const report = await fetchReport(api, drillId)
  if (report === null)
    throw new CannotRun(
      `Drill ${drillId} ended without a report: ${last.error ?? last.state}. Run it again with --keep and see the logs`,
    )
  // Before the files: their errors must not hide the verdict.
  screen.show(verdictLines(report).join('\n'))
  const { fallen } = stack.endpoint
  const weather = weatherIn(options)
  if (weather !== null) screen.show(fallenLines(weather, fallen).join('\n'))
  const own = weather === null ? {} : { [WEATHER_FILE]: weatherFile(weather, fallen) }
  screen.show(keptLines(await keepFiles(api, drillId, options.out, own)).join('\n'))
  return exitCodeOf(report)
}

async function campaign(stack: Stack, options: DrillOptions, signal: AbortSignal): Promise<number> {
  const api = createDrillApi(stack.apiUrl, stack.functionKey)
  const run = { api, terminal: terminalOf(process.stdout), loadSeconds: options.durationSeconds, signal }
  const report = await runCampaign(run, campaignBody(options, stack.exampleApp?.url))
  screen.show(campaignLines(report).join('\n'))
  const weather = weatherIn(options)
  if (weather !== null) screen.show(fallenLines(weather, stack.endpoint.fallen).join('\n'))
  screen.show((await keepCampaign(api, report, options.out)).join('\n'))
  return EXIT_CODES[report.verdict]
}

const replicaOf = (options: DrillOptions): ReplicaOptions | null =>
  hasReplica(options) ? { holdBackMs: (options.holdBackSeconds ?? 0) * 1000, hasPgBouncer: true } : null

const weatherIn = ({ weather }: DrillOptions): Weather | null => (weather === null ? null : weatherOf(weather))

function loadWords(options: DrillOptions): string {
  const { targetTps, workers, durationSeconds, failoverMode, failoverAtSeconds, events } = options
  const rate = targetTps === 0 ? 'as many transactions as possible' : `${targetTps} TPS`
  const failover = failoverMode === 'none' ? 'no failover' : `a ${failoverMode} failover after ${failoverAtSeconds} s`
  const others = events.map(({ kind, atSeconds }) => `${kind} at ${atSeconds} s`).join(', ')
  return `${rate} by ${workers} workers for ${durationSeconds} s, ${others || failover}`
}

/** Plans the hold of the standby when the first status names the start of the load. */
function holdingBack(stack: Stack, options: DrillOptions, view: ProgressView): (status: DrillStatus) => void {
  const heldFrom = heldFromSeconds(options)
  let isPlanned = false
  return ({ progress }) => {
    const startAtMs = progress?.loadStartAtMs ?? null
    if (isPlanned || heldFrom === null || startAtMs === null) return
    isPlanned = true
    const holdAtMs = startAtMs + heldFrom * 1000
    const hold = () =>
      stack.cluster.pair.holdStandbyBack().then(
        () => view.note('The standby is held back: it receives no WAL from now on.'),
        (error: unknown) => view.note(`The standby could not be held back: ${wordsOf(error)}`),
      )
    setTimeout(hold, Math.max(0, holdAtMs - Date.now())).unref()
  }
}

await runCommand(async (lifetime) => {
  try {
    const options = parseDrillOptions(process.argv.slice(2))
    if (options !== 'help') return await drillWithStack(options, lifetime)
    screen.show(helpOf(DRILL_COMMAND).trimEnd())
    return 0
  } catch (error) {
    if (error instanceof CannotRun) console.error(printable(error))
    else if (lifetime.signal.aborted)
      console.error('Interrupted before the load: there is no report, and no process is left.')
    else console.error(printable(error))
    return lifetime.signal.aborted ? EXIT_CODES.ABORTED : EXIT_CANNOT_RUN
  }
})
