/**
 * One way as one container saw it: from all attempts of the step probe to the intervals of each state, without holes.
 *
 * An attempt shows a state when it ends. One that waited for half a second or longer also shows, from the moment on at which it
 * began to wait, that the way went no further. An attempt that began before another one that has already ended shows nothing
 * new, unless it wrote: a connection without an answer still waits when the next one is served.
 */
import type { ProbeAttempt, ProbeRecord, Step, Way } from '../../loadgen-image/contract/step-probe.ts'
import { PROBE_CODES, PROBE_EVERY_US } from '../../loadgen-image/contract/step-probe.ts'
import type { WayState } from '../model/chart-data.ts'
import { isLate, rankOf, stateAtEnd, stateWhileWaiting } from './states.ts'

export interface WayInterval {
  readonly state: WayState
  readonly code: string
  readonly fromUs: number
  readonly toUs: number
}

/** A shorter wait is a slow answer: a login over TLS may take a few tenths of a second. */
const WAIT_US = 5 * PROBE_EVERY_US
/** Without any attempt for so long, nothing is known. */
const HOLE_US = 3.5 * PROBE_EVERY_US

interface Sign {
  readonly atUs: number
  readonly begunAtUs: number
  readonly state: WayState
  readonly code: string
  readonly isEnd: boolean
}

interface Span {
  readonly fromUs: number
  readonly toUs: number
}

export function courseOf(records: readonly ProbeRecord[], way: Way): WayInterval[] {
  const stalls = records.flatMap((record) => record.stalls)
  const attempts = records.flatMap((record) => record.attempts.filter((one) => one.way === way))
  const steady = records.flatMap((record) => record.steady.filter((one) => one.way === way))
  const clear = attempts.filter(({ code, endedAtUs }) => !isLate(code) || !isDoubtful(endedAtUs, stalls))
  const signs = [
    ...clear.flatMap((one) => signsOf(one, stalls)),
    ...steady.flatMap(({ fromUs, toUs }) => [wroteAt(fromUs), wroteAt(toUs)]),
  ]
  const seen = [...clear.map(({ begunAtUs, endedAtUs }) => ({ fromUs: begunAtUs, toUs: endedAtUs })), ...steady]
  const holes = holesOf(seen)
  signs.push(...holes.map(({ fromUs }) => unwatchedFrom(fromUs)))
  const endUs = Math.max(...seen.map(({ toUs }) => toUs))
  return intervalsOf(signs.sort(inTime), endUs)
}

/** A process that goes on after it stood still reads what has come meanwhile, and ends what became late meanwhile. */
const SETTLE_US = 50_000

/** What became late then need not have; what was answered was. What still waited later did wait. */
const isDoubtful = (endUs: number, stalls: readonly Span[]): boolean =>
  stalls.some(({ fromUs, toUs }) => endUs >= fromUs && endUs <= toUs + SETTLE_US)

const wroteAt = (atUs: number): Sign => ({ atUs, begunAtUs: atUs, state: 'wrote', code: '', isEnd: true })

const unwatchedFrom = (atUs: number): Sign => ({
  atUs,
  begunAtUs: Number.POSITIVE_INFINITY,
  state: 'not watched',
  code: '',
  isEnd: false,
})

/** At the same moment, what began later shows more. */
const inTime = (a: Sign, b: Sign): number =>
  a.atUs - b.atUs || a.begunAtUs - b.begunAtUs || rankOf(a.state) - rankOf(b.state)

/** The probe itself did not go on: these show no more than their waits. */
const WITHOUT_END: ReadonlySet<string> = new Set([PROBE_CODES.givenUp, PROBE_CODES.writeWaits])

function signsOf(attempt: ProbeAttempt, stalls: readonly Span[]): Sign[] {
  const { begunAtUs, endedAtUs, reached, code } = attempt
  const end: Sign = { atUs: endedAtUs, begunAtUs, state: stateAtEnd(reached, code), code, isEnd: true }
  const ends = WITHOUT_END.has(code) ? [] : [end]
  const waits = stagesOf(attempt)
    .filter(({ fromUs, toUs }) => toUs - fromUs >= WAIT_US && !isDoubtful(toUs, stalls))
    .map(({ step, fromUs }): Sign => {
      return { atUs: fromUs, begunAtUs, state: stateWhileWaiting(step), code: '', isEnd: false }
    })
  return [...waits, ...ends]
}

/** What was done when, and until when the next step took. */
function stagesOf(attempt: ProbeAttempt): (Span & { readonly step: Step })[] {
  const { isNew, begunAtUs, resolvedAtUs, acceptedAtUs, encryptedAtUs, loggedInAtUs, endedAtUs } = attempt
  if (!isNew) return [{ step: 'logged in', fromUs: begunAtUs, toUs: endedAtUs }]
  const taken = (
    [
      ['nothing', begunAtUs],
      ['resolved', resolvedAtUs],
      ['accepted', acceptedAtUs],
      ['encrypted', encryptedAtUs],
      ['logged in', loggedInAtUs],
    ] as const
  ).flatMap(([step, fromUs]) => (fromUs === null ? [] : [{ step, fromUs }]))
  return taken.map((one, i) => ({ ...one, toUs: taken[i + 1]?.fromUs ?? endedAtUs }))
}

function holesOf(seen: readonly Span[]): Span[] {
  const holes: Span[] = []
  let untilUs = Number.POSITIVE_INFINITY
  for (const { fromUs, toUs } of [...seen].sort((a, b) => a.fromUs - b.fromUs)) {
    if (fromUs - untilUs > HOLE_US) holes.push({ fromUs: untilUs, toUs: fromUs })
    untilUs = untilUs === Number.POSITIVE_INFINITY ? toUs : Math.max(untilUs, toUs)
  }
  return holes
}

function intervalsOf(signs: readonly Sign[], endUs: number): WayInterval[] {
  const intervals: { state: WayState; code: string; fromUs: number; toUs: number }[] = []
  let newestEndedUs = Number.NEGATIVE_INFINITY
  for (const { atUs, begunAtUs, state, code, isEnd } of signs) {
    if (state !== 'wrote' && begunAtUs < newestEndedUs) continue
    if (isEnd) newestEndedUs = Math.max(newestEndedUs, begunAtUs)
    // What lasted no time was no state.
    if (intervals.at(-1)?.fromUs === atUs) intervals.pop()
    const last = intervals.at(-1)
    if (last?.state === state) {
      last.toUs = endUs
      if (last.code === '') last.code = code
      continue
    }
    if (last !== undefined) last.toUs = atUs
    intervals.push({ state, code, fromUs: atUs, toUs: endUs })
  }
  return intervals.filter(({ fromUs, toUs }) => toUs > fromUs)
}
