/**
 * The pause between two commits in which the process of the primary started again. The process dates its own start, so a restart is
 * placed in time as a promotion is by its timeline, also where the pause is too short to be an outage.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { coveredUs, type Interval } from '../../loadgen-image/contract/intervals.ts'
import { TOLERANCE_US, type Watch } from '../measurement/generator-watch.ts'
import { MIN_OUTAGE_US, type Outage } from '../measurement/outages.ts'
import type { Goodput, SustainedRule } from '../measurement/sustained-recovery.ts'
import type { LoadWindow } from '../measurement/window.ts'
import type { Merged } from '../merge/merged.ts'
import { SHORTEST_SILENCE_US } from '../merge/silences.ts'
import type { EventSpan } from './attribution.ts'
import { isOutAt } from './client-returns.ts'

export interface RestartContext {
  readonly merged: Merged
  readonly window: LoadWindow
  readonly watch: Watch
  readonly goodput: Goodput | null
  readonly rule: SustainedRule
  /** An instant less than this before the beginning of a span is not known to be before it. */
  readonly boundUs: number
  /** Between two acknowledgements of a healthy service. */
  readonly usualPauseUs: number
}

/** A restart within a pause that is usual for the load: no client lost a transaction by it. */
export interface QuietRestart {
  /** The longest time without a commit that is possible around it. */
  readonly pauseUs: number
  /** An outage that is not longer than this looks like a pause of the load. */
  readonly usualPauseUs: number
  /** The usual pauses are as long as outages: this load cannot say whether there was one. */
  readonly isSparse: boolean
}

/** Null: no start of a process is known, or an outage or a promotion has it. */
export function restartPause(span: EventSpan, within: readonly Outage[], context: RestartContext): Interval | null {
  const { startedUs, change, earlierOutage } = span
  if (startedUs === null || change !== null || earlierOutage !== null) return null
  const near = { fromUs: startedUs - context.boundUs, toUs: startedUs + context.boundUs }
  if (within.some(({ fromUs }) => fromUs <= near.toUs)) return null
  // Shorter ones than the shortest are not recorded: the pause is then known to be no longer than it.
  return longestSilence(near, context) ?? { fromUs: startedUs, toUs: startedUs + SHORTEST_SILENCE_US }
}

/** That has a commit on both sides. */
function longestSilence(near: Interval, { merged: { silences }, window }: RestartContext): Interval | null {
  let longest: Interval | null = null
  for (const [i, fromUs] of silences.fromUs.entries()) {
    const silence = { fromUs, toUs: silences.toUs[i] as number }
    if (silence.toUs < near.fromUs || fromUs > near.toUs) continue
    if (fromUs < window.startUs || silence.toUs > window.endUs) continue
    if (longest === null || silence.toUs - fromUs > longest.toUs - longest.fromUs) longest = silence
  }
  return longest
}

/** Null: clients noticed the restart, or no generator watched it. */
export function quietRestart(pause: Interval, span: EventSpan, context: RestartContext): QuietRestart | null {
  const { usualPauseUs, watch, merged } = context
  const pauseUs = pause.toUs - pause.fromUs
  const isSparse = usualPauseUs > MIN_OUTAGE_US
  const isNoticed =
    pauseUs > usualPauseUs ||
    coveredUs(watch.unwatched, pause.fromUs, pause.toUs) > TOLERANCE_US ||
    merged.windows.some((window) => isOutAt(window, pause.toUs))
  if (isNoticed || !(isSparse || isSustained(pause.toUs, span, context))) return null
  return { pauseUs, usualPauseUs, isSparse }
}

/** From the first tenth of a second on. */
function isSustained(fromUs: number, { untilUs }: EventSpan, { goodput, rule, window }: RestartContext): boolean {
  const sustainedUs = goodput?.sustainedFrom({ fromUs, beforeUs: untilUs, loadEndUs: window.endUs }, rule) ?? null
  return sustainedUs !== null && sustainedUs - fromUs <= US_PER_SECOND / 10
}
