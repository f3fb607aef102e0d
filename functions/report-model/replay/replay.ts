/** The estimate of what an event had to replay, in numbers and in a sentence that says which of them are assumed. */
import type { LoadAnalysis } from '../../analysis/analysis.ts'
import type { Event } from '../../analysis/events.ts'
import type { ReplayReport } from '../../model/comparisons/replay.ts'
import type { WalPosition } from '../../model/facts.ts'
import { round } from '../../units/statistics.ts'
import { NOT_MEASURED, plain, seconds } from '../../units/units.ts'
import { ASSUMED_REPLAY, type ReplayEstimate, replayEstimateOf } from './replay-estimate.ts'

const ASSUMPTION =
  'assumed: 40 to 200 MB/s, as Microsoft documents for a standby of a flexible server; the replay itself is not measured'

/** Null: nothing shows that a server was promoted or started again. */
export function replayOf(
  event: Event,
  { phases, controlClock }: LoadAnalysis,
  positions: readonly WalPosition[],
  measuredOutageSeconds: number | null,
): ReplayReport | null {
  if (event.span.kind === 'outage') return null
  const estimate = replayEstimateOf(event, { phases, positions, controlOffsetUs: controlClock.offsetUs })
  const { walBytesPerSecond, sinceCheckpointSeconds, sinceRedoBytes, missing } = estimate
  return {
    isEstimate: true,
    walBytesPerSecond: rounded(walBytesPerSecond, 0),
    sinceCheckpointSeconds: rounded(sinceCheckpointSeconds, 3),
    sinceRedoBytes: rounded(sinceRedoBytes, 0),
    assumedBytesPerSecond: { slow: ASSUMED_REPLAY.slowBytesPerSecond, fast: ASSUMED_REPLAY.fastBytesPerSecond },
    assumption: ASSUMPTION,
    seconds:
      estimate.seconds === null
        ? null
        : { fast: round(estimate.seconds.fast, 3), slow: round(estimate.seconds.slow, 3) },
    measuredOutageSeconds,
    missing,
    sentence: sentenceOf(estimate, measuredOutageSeconds),
  }
}

const rounded = (value: number | null, digits: number): number | null => (value === null ? null : round(value, digits))

function sentenceOf(estimate: ReplayEstimate, measured: number | null): string {
  const { walBytesPerSecond, sinceCheckpointSeconds, sinceRedoBytes, missing } = estimate
  const why = missing === null ? '' : ` (${missing})`
  if (walBytesPerSecond === null && sinceCheckpointSeconds === null)
    return [`What had to be replayed is not measured${why}.`, ...conclusionOf(estimate, measured)].join(' ')
  const facts = [
    known('the rate at which the server wrote WAL', megabytes(walBytesPerSecond, 'MB/s')),
    known('the age of the last checkpoint', sinceCheckpointSeconds === null ? null : seconds(sinceCheckpointSeconds)),
    known('the WAL since its redo point', megabytes(sinceRedoBytes, 'MB')),
  ]
  return [`Before the event, ${facts.join('; ')}${why}.`, ...conclusionOf(estimate, measured)].join(' ')
}

const known = (what: string, value: string | null): string => `${what} was ${value ?? NOT_MEASURED}`

const megabytes = (bytes: number | null, unit: string): string | null =>
  bytes === null ? null : plain(round(bytes / 1e6, 2), unit)

function conclusionOf({ seconds: replay }: ReplayEstimate, measured: number | null): string[] {
  const outage =
    measured === null ? 'The write outage was not measured.' : `The measured write outage: ${seconds(measured)}.`
  if (replay === null) return [outage]
  const estimate =
    `Estimate: to replay all of it takes ${seconds(replay.fast)} to ${seconds(replay.slow)} at 200 to 40 MB/s, a speed that is ` +
    'assumed. After a clean shutdown, and on a standby that has kept up, less is left to replay.'
  return [estimate, outage, ...(measured === null ? [] : [comparison(replay, measured)])]
}

function comparison({ fast, slow }: { readonly fast: number; readonly slow: number }, measured: number): string {
  if (measured < fast)
    return 'It was shorter than the whole replay at that speed: less was replayed, or it went faster.'
  if (measured <= slow) return 'It lies within the estimate, which does not show that it was spent on replay.'
  return `At least ${seconds(measured - slow)} of it were spent on something other than a replay at that speed.`
}
