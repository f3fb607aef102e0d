/** A run without a drill: options in; CSV, summary and a live table out. */
import { rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { placesName } from './connection/target.ts'
import type { Counts, LoadSummary, OutageWindow, SecondRecord } from './contract/glossary.ts'
import { Histogram } from './contract/histogram.ts'
import { DatabaseToken } from './identity/database-token.ts'
import type { LoadgenOptions } from './options.ts'
import { ConsoleTable } from './output/console-table.ts'
import { CSV_HEADER, CsvFile, csvRow } from './output/csv.ts'
import { makeFolder } from './output/make-folder.ts'
import { screen } from './output/screen.ts'
import { inspectServer, PreflightError, type ServerIdentity } from './run/preflight.ts'
import { Run } from './run/run.ts'

/** A run in which a smaller share of the arrivals was acknowledged exits with an error. */
const MIN_ACKNOWLEDGED_SHARE = 0.8
const HEAD_START_MS = 200
/** `tooFew` also when a file is incomplete: a script that reads it must not take it for complete. */
const EXIT = { done: 0, tooFew: 1, couldNotStart: 2 } as const

export async function runStandalone(options: LoadgenOptions): Promise<number> {
  const token = options.token === null ? null : new DatabaseToken(options.token)
  const identity = await inspect(options, token)
  if (identity === null) return EXIT.couldNotStart
  const output = await openOutput(options)
  if (output === null) return EXIT.couldNotStart
  const { plan, pgbouncer, direct } = options
  const run = new Run({ plan, container: 0, incarnation: 'standalone', pgbouncer, direct, onRecord: output.record })
  token?.keepFresh(
    (fresh) => run.logInWith(fresh),
    (line) => screen.line(line),
  )
  const ignoreSignals = onSignals(run)
  output.onProblem((problem) => run.stop('stopped', problem))
  screen.onGone((reason) => run.stop('stopped', reason))
  try {
    return await runToEnd(run, options, output, identity)
  } finally {
    token?.stop()
    ignoreSignals()
  }
}

async function runToEnd(run: Run, options: LoadgenOptions, output: Output, identity: ServerIdentity): Promise<number> {
  try {
    printBanner(options, run, identity)
    await connect(run, options)
    output.startAtMs = Math.ceil(run.nowMs) + HEAD_START_MS
    await run.load(output.startAtMs)
  } finally {
    await run.terminate()
    await output.close()
  }
  const summary = run.summary(identity, 0)
  const isWritten = await writeSummary(output.summaryPath, summary)
  screen.show(closingLines(summary, output, isWritten).join('\n'))
  return output.isWhole() && isWritten ? exitCode(summary) : EXIT.tooFew
}

/** A summary that was written in part is removed. */
async function writeSummary(path: string, summary: LoadSummary): Promise<boolean> {
  try {
    await writeFile(path, `${JSON.stringify(summary, null, 2)}\n`)
    return true
  } catch (error) {
    rmSync(path, { force: true })
    screen.show(`Cannot write ${path}: ${(error as Error).message}. The summary follows here.`)
    return false
  }
}

async function inspect(
  { plan, pgbouncer }: LoadgenOptions,
  token: DatabaseToken | null,
): Promise<ServerIdentity | null> {
  try {
    return await inspectServer(pgbouncer, plan, token)
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    process.stderr.write(`${error.message}\n`)
    return null
  }
}

/** When time is up, the run starts with fewer connections and prints that. */
async function connect(run: Run, { startTimeoutSeconds }: LoadgenOptions): Promise<void> {
  const timeout = sleep(startTimeoutSeconds * 1000, 'late' as const, { ref: false })
  if ((await Promise.race([run.connect(), timeout])) === 'late')
    screen.line(
      `Only ${run.open} of ${run.workers} workers are connected (last error: ${run.lastError}). Starting anyway.`,
    )
}

/** A terminal that closes sends SIGHUP. A second signal ends the wait for replies. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Returns what removes the listeners. */
function onSignals(run: Run): () => void {
  let signals = 0
  const onSignal = (signal: NodeJS.Signals) => {
    if (signals++ === 0) run.stop('stopped', signal)
    else run.finish('stopped', signal)
  }
  for (const signal of ENDING) process.on(signal, onSignal)
  return () => {
    for (const signal of ENDING) process.off(signal, onSignal)
  }
}

interface Output {
  startAtMs: number
  readonly csvPath: string
  readonly summaryPath: string
  readonly response: Histogram
  readonly record: (record: SecondRecord, totals: Counts) => void
  isWhole(): boolean
  /** Called once when the CSV takes no more lines. */
  onProblem(listener: (problem: string) => void): void
  close(): Promise<void>
}

async function openOutput({ outputCsv, isVerbose }: LoadgenOptions): Promise<Output | null> {
  const folder = dirname(outputCsv)
  try {
    makeFolder(folder)
    await writeFile(outputCsv, CSV_HEADER)
  } catch (error) {
    process.stderr.write(
      `Cannot write ${outputCsv}: ${(error as Error).message}. Next: name another file with --output-csv.\n`,
    )
    return null
  }
  let listener: (problem: string) => void = () => {}
  const csv = new CsvFile(outputCsv, (message) => {
    screen.show(`Cannot write ${outputCsv}: ${message}. The load ends, and the file keeps the lines before.`)
    listener(`the CSV could not be written: ${message}`)
  })
  const table = new ConsoleTable()
  const response = new Histogram()
  const output: Output = {
    startAtMs: 0,
    csvPath: outputCsv,
    summaryPath: join(folder, 'summary.json'),
    response,
    record: (record, totals) => {
      response.add(record.response)
      csv.add(csvRow(record, totals, output.startAtMs))
      for (const line of [table.line(record, totals), ...(isVerbose ? detailLines(record) : [])]) screen.line(line)
    },
    isWhole: () => csv.isWhole,
    onProblem: (heard) => {
      listener = heard
    },
    close: () => csv.close(),
  }
  return output
}

const detailLines = ({ errors, outages }: SecondRecord): string[] => [
  ...errors.map(
    ({ code, phase, outcome, count, workers, example }) =>
      `  ${phase} ${code} ${outcome ?? 'no outcome'} x${count} on ${workers} workers: ${example}`,
  ),
  ...outages.map((outage) => `  worker ${outage.worker} ${howLong(outage)}: ${outage.code}`),
]

function howLong({ lastGoodAtUs, firstGoodAtUs }: OutageWindow): string {
  if (firstGoodAtUs === null) return 'was still out at the end'
  return lastGoodAtUs === null
    ? 'was out from the start on'
    : `was out for ${((firstGoodAtUs - lastGoodAtUs) / 1e6).toFixed(3)} s`
}

function printBanner({ plan, pgbouncer }: LoadgenOptions, run: Run, identity: ServerIdentity): void {
  const rate = plan.targetTps === 0 ? 'closed loop' : `${plan.targetTps} TPS, ${plan.arrivals} arrivals`
  const lines = [
    `Load ${plan.drillId}: ${rate}, ${run.workers} workers on ${run.threads} threads, ${plan.durationSeconds} s`,
    `Server ${placesName(pgbouncer)}, PostgreSQL ${identity.serverVersion}, timeline ${identity.timeline}`,
  ]
  for (const line of lines) screen.line(line)
}

const percentile = (histogram: Histogram, share: number): string => {
  const valueUs = histogram.percentileUs(share)
  return valueUs === null ? 'not measured' : `${(valueUs / 1000).toFixed(1)} ms`
}

function closingLines({ totals, ...summary }: LoadSummary, output: Output, isWritten: boolean): string[] {
  const { csvPath, summaryPath, response } = output
  const csv = output.isWhole() ? csvPath : `${csvPath} (not whole)`
  const seconds = Math.max(1e-3, (summary.endedAtUs - summary.startedAtUs) / 1e6)
  const share = totals.intended === 0 ? 0 : (100 * totals.acknowledged) / totals.intended
  return [
    '',
    `Ended: ${summary.ended}${summary.reason === null ? '' : ` (${summary.reason})`} after ${seconds.toFixed(1)} s`,
    `Intended ${totals.intended} = acknowledged ${totals.acknowledged} (${share.toFixed(2)} %) + refused ${totals.refused}` +
      ` + unknown ${totals.unknown} + missed ${totals.missed}; weak acknowledgements ${totals.weakAcks}`,
    `Average TPS: ${(totals.acknowledged / seconds).toFixed(1)}`,
    `Response time: p50 ${percentile(response, 0.5)}, p95 ${percentile(response, 0.95)}, p99 ${percentile(response, 0.99)}`,
    `Written: ${isWritten ? `${csv}, ${summaryPath}` : csv}`,
  ]
}

const exitCode = ({ ended, totals }: LoadSummary): number =>
  ended === 'failed' || totals.acknowledged === 0 || totals.acknowledged < MIN_ACKNOWLEDGED_SHARE * totals.intended
    ? EXIT.tooFew
    : EXIT.done
