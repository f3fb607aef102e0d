/** npm run drill: a whole drill on this machine, from nothing to the report. `--help` lists the options. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DrillStatus } from '../../functions/model/status.ts'
import { screen } from '../../loadgen-image/output/screen.ts'
import { createDrillApi, type DrillApi } from './cli/drill-client.ts'
import { DRILL_COMMAND, type DrillOptions, parseDrillOptions, requestBody } from './cli/drill-options.ts'
import { createProgressView, type ProgressView, terminalOf } from './cli/drill-progress.ts'
import { EXIT_CODES, fetchReport, keepFiles, keptLines, verdictLines } from './cli/drill-result.ts'
import { requireDotnet } from './functions-host/durable-extension/build.ts'
import { requirePrograms } from './install.ts'
import { helpOf } from './process/command-line.ts'
import { type Lifetime, runCommand } from './process/lifetime.ts'
import { CannotRun, printable, wordsOf } from './process/problem.ts'
import { requireSpace, requireWritable } from './process/stack-folder.ts'
import { requireAzureHost } from './stack/functions-host.ts'
import { type Stack, startStack } from './stack/stack.ts'

const EXIT_CANNOT_RUN = 2
const LOOK_EVERY_MS = 400
/** An aborted drill stops its load, cleans up and reports; longer than this it is not waited for. */
const ABORT_PATIENCE_MS = 90_000
/** A restarting host answers nothing for a few seconds. */
const SILENCE_PATIENCE_MS = 60_000
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
  const stack = await startStack(
    {
      programs,
      replication: options.replication,
      host: options.host,
      apiPort: null,
      platformPauseMs: options.platformPauseSeconds * 1000,
      app: options.app,
      loadgen: options.loadgen,
      keep: options.keep,
      say: view.note,
    },
    lifetime,
  )
  try {
    return await Promise.race([drill(stack, options, out, view, lifetime.signal), stack.broken])
  } finally {
    view.end()
    await stack.stop()
  }
}

async function drill(
  stack: Stack,
  options: DrillOptions,
  out: string,
  view: ProgressView,
  signal: AbortSignal,
): Promise<number> {
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
  // First on the screen: whatever becomes of the files, the verdict stands.
  screen.show(verdictLines(report).join('\n'))
  screen.show(keptLines(await keepFiles(api, drillId, out)).join('\n'))
  return EXIT_CODES[report.verdict]
}

function loadWords({ targetTps, workers, durationSeconds, failoverMode, failoverAtSeconds }: DrillOptions): string {
  const rate = targetTps === 0 ? 'as many transactions as possible' : `${targetTps} TPS`
  const failover = failoverMode === 'none' ? 'no failover' : `a ${failoverMode} failover after ${failoverAtSeconds} s`
  return `${rate} by ${workers} workers for ${durationSeconds} s, ${failover}`
}

/** Looks again and again until the drill has ended. When the command is told to end, the drill is aborted, and still followed. */
async function followToEnd(
  api: DrillApi,
  drillId: string,
  view: ProgressView,
  signal: AbortSignal,
  onStatus: (status: DrillStatus) => void,
): Promise<DrillStatus> {
  let heardAtMs = performance.now()
  let abortedAtMs: number | null = null
  for (;;) {
    if (signal.aborted && abortedAtMs === null) {
      abortedAtMs = performance.now()
      view.note('Aborting the drill; its report follows. Once more ends everything at once.')
      await api.abort(drillId).catch((error: unknown) => view.note(wordsOf(error)))
    }
    const status = await api.status(drillId).catch(() => null)
    if (status !== null) {
      heardAtMs = performance.now()
      view.show(status)
      onStatus(status)
      if (status.state === 'finished' || status.state === 'failed') return status
    }
    if (performance.now() - heardAtMs > SILENCE_PATIENCE_MS)
      throw new CannotRun('The Functions host does not answer any more. Run it again with --keep and see its log')
    if (abortedAtMs !== null && performance.now() - abortedAtMs > ABORT_PATIENCE_MS)
      throw new CannotRun('The drill did not end in time after it was aborted')
    await sleep(LOOK_EVERY_MS)
  }
}

/** Once the load has a start time, the moment from which the standby is to receive nothing is known too. */
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
        () => view.note('The standby is held back: from here on it receives nothing.'),
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
      console.error('Interrupted before there was anything to report; nothing is left running.')
    else console.error(printable(error))
    return lifetime.signal.aborted ? EXIT_CODES.ABORTED : EXIT_CANNOT_RUN
  }
})
