/** npm run drill: starts the local stack, runs a drill on it, and leaves the report. `--help` lists the options. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DrillStatus } from '../../functions/model/status.ts'
import { screen } from '../../loadgen-image/output/screen.ts'
import { type Weather, weatherOf } from './azure/arm/weather.ts'
import { createDrillApi, type DrillApi } from './cli/drill-client.ts'
import { DRILL_COMMAND, type DrillOptions, parseDrillOptions, requestBody } from './cli/drill-options.ts'
import { createProgressView, type ProgressView, terminalOf } from './cli/drill-progress.ts'
import { EXIT_CODES, fetchReport, keepFiles, keptLines, verdictLines } from './cli/drill-result.ts'
import { fallenLines, forecastLines, WEATHER_FILE, weatherFile } from './cli/drill-weather.ts'
import { requireDotnet } from './functions-host/durable-extension/build.ts'
import { requirePrograms } from './install.ts'
import { helpOf } from './process/command-line.ts'
import { type Lifetime, runCommand } from './process/lifetime.ts'
import { CannotRun, printable, wordsOf } from './process/problem.ts'
import { requireSpace, requireWritable } from './process/stack-folder.ts'
import { requireAzureHost } from './stack/functions-host.ts'
import { type Stack, startStack } from './stack/stack.ts'

const EXIT_CANNOT_RUN = 2
const POLL_INTERVAL_MS = 400
/** In this time an aborted drill stops its load, cleans up and reports. */
const ABORT_TIMEOUT_MS = 90_000
/** A restarting host does not answer for a few seconds. */
const SILENCE_TIMEOUT_MS = 60_000
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
      replica: null,
      scalingPath: 'switch',
      host: options.host,
      apiPort: null,
      platformPauseMs: options.platformPauseSeconds * 1000,
      weather,
      app: options.app,
      loadgen: options.loadgen,
      keep: options.keep,
      say: view.note,
    },
    lifetime,
  )
  try {
    return await Promise.race([drill(stack, { ...options, out }, view, lifetime.signal), stack.broken])
  } finally {
    view.end()
    await stack.stop()
  }
}

async function drill(stack: Stack, options: DrillOptions, view: ProgressView, signal: AbortSignal): Promise<number> {
  const api = createDrillApi(stack.apiUrl, stack.functionKey)
  const drillId = await api.start(requestBody(options))
  view.note(`Drill ${drillId}: ${loadWords(options)}`)
  const last = await followToEnd(api, drillId, view, signal, holdingBack(stack, options, view))
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
  return EXIT_CODES[report.verdict]
}

const weatherIn = ({ weather }: DrillOptions): Weather | null => (weather === null ? null : weatherOf(weather))

function loadWords({ targetTps, workers, durationSeconds, failoverMode, failoverAtSeconds }: DrillOptions): string {
  const rate = targetTps === 0 ? 'as many transactions as possible' : `${targetTps} TPS`
  const failover = failoverMode === 'none' ? 'no failover' : `a ${failoverMode} failover after ${failoverAtSeconds} s`
  return `${rate} by ${workers} workers for ${durationSeconds} s, ${failover}`
}

/** Polls until the drill has ended. The first Ctrl-C aborts the drill; polling continues until its report. */
async function followToEnd(
  api: DrillApi,
  drillId: string,
  view: ProgressView,
  signal: AbortSignal,
  onStatus: (status: DrillStatus) => void,
): Promise<DrillStatus> {
  let answeredAtMs = performance.now()
  let abortedAtMs: number | null = null
  for (;;) {
    if (signal.aborted && abortedAtMs === null) {
      abortedAtMs = performance.now()
      view.note('Aborting; the report follows. Press Ctrl-C again to stop immediately.')
      await api.abort(drillId).catch((error: unknown) => view.note(wordsOf(error)))
    }
    const status = await api.status(drillId).catch(() => null)
    if (status !== null) {
      answeredAtMs = performance.now()
      view.show(status)
      onStatus(status)
      if (status.state === 'finished' || status.state === 'failed') return status
    }
    if (performance.now() - answeredAtMs > SILENCE_TIMEOUT_MS)
      throw new CannotRun('The Functions host no longer answers. Run the drill again with --keep and see its log')
    if (abortedAtMs !== null && performance.now() - abortedAtMs > ABORT_TIMEOUT_MS)
      throw new CannotRun(`The drill did not end within ${ABORT_TIMEOUT_MS / 1000} s after its abort`)
    await sleep(POLL_INTERVAL_MS)
  }
}

/** Plans the hold of the standby when the first status names the start of the load. */
function holdingBack(stack: Stack, options: DrillOptions, view: ProgressView): (status: DrillStatus) => void {
  const { holdStandbySeconds } = options
  let isPlanned = holdStandbySeconds === null
  return ({ progress }) => {
    const startAtMs = progress?.loadStartAtMs ?? null
    if (isPlanned || holdStandbySeconds === null || startAtMs === null) return
    isPlanned = true
    const holdAtMs = startAtMs + (options.failoverAtSeconds - holdStandbySeconds) * 1000
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
