/** What was true in the world of a drill, in true time: which promotions there were, when the service was out, and who watched. */
import type { LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import { blobNames, type GoSignal } from '../../loadgen-image/contract/glossary.ts'
import type { Freeze } from '../support/world/load.ts'
import type { Row } from '../support/world/rows.ts'
import type { Interruption } from '../support/world/service.ts'
import { type Caused, causedEvents, causedUndoes } from './caused.ts'
import type { Simulated } from './simulation.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export interface Promotion {
  readonly interruption: Interruption
  readonly timeline: number
  /** Until when its timeline is the newest. */
  readonly untilMs: number
  /** Of the request that brought it about. */
  readonly caused: Caused | null
  /** Whether the drill heard that its request was accepted. */
  readonly isAnswered: boolean
  readonly lost: readonly Row[]
}

export interface Truth {
  /** Null: no load was started. */
  readonly load: Span | null
  /** What happened while the load ran; what was only going to happen is not in it. */
  readonly interruptions: readonly Interruption[]
  readonly promotions: readonly Promotion[]
  /** What the drill's requests for events brought about. */
  readonly caused: readonly Caused[]
  /** The service took no commit: interruptions that overlap are one. */
  readonly out: readonly Span[]
  /** All that a generator heard of, in order. */
  readonly acksMs: readonly number[]
  /** By container: it was frozen, not there yet, or dead. */
  readonly blind: readonly (readonly Span[])[]
  /** From the report's times, which are the database's. */
  readonly fromReport: (iso: string) => number
}

const NEVER = Number.POSITIVE_INFINITY

export function truthOf(simulated: Simulated): Truth {
  const { world, scenario } = simulated
  const load = loadOf(simulated)
  const { service } = world.server
  const caused = [...causedEvents(world), ...causedUndoes(world)]
  const endMs = world.clock.nowMs
  const interruptions = service.interruptions.filter(({ fromMs }) => fromMs <= endMs)
  const rose = interruptions
    .filter(({ kind, toMs }) => kind === 'promotion' && toMs <= endMs)
    .sort((a, b) => a.toMs - b.toMs)
  const promotions = rose.map((interruption, i): Promotion => {
    const own =
      interruption.cause === 'drill'
        ? (caused.find(({ downAtMs, upAtMs }) => downAtMs === interruption.fromMs && upAtMs === interruption.toMs) ??
          null)
        : null
    return {
      interruption,
      timeline: i + 2,
      untilMs: rose[i + 1]?.toMs ?? NEVER,
      caused: own,
      isAnswered: own?.isAnswered === true,
      lost: world.rows.lost.filter(({ atMs }) => service.forgottenBy(atMs, endMs) === interruption),
    }
  })
  return {
    load,
    interruptions,
    promotions,
    caused: causedEvents(world),
    out: united(interruptions),
    acksMs: world.rows.everAcknowledged.map(({ knownMs }) => knownMs).sort((a, b) => a - b),
    blind: scenario.generators.map((_, k) => blindOf(simulated, k, load)),
    fromReport: (iso) => Date.parse(iso) - scenario.troubles.databaseOffsetMs,
  }
}

const summaryOf = ({ world, scenario: { plan } }: Simulated, container: number): LoadSummary | null =>
  world.blobs.peek<LoadSummary>(blobNames.summary(plan.drillId, container))

/** From the start that most containers had to the end of the last of them. */
function loadOf(simulated: Simulated): Span | null {
  const { world, scenario } = simulated
  const { plan, troubles } = scenario
  const go = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))
  if (go === null || world.rows.all.length === 0) return null
  const offsets = [...troubles.clockOffsetsMs].sort((a, b) => a - b)
  const offsetMs = offsets[Math.floor(offsets.length / 2)] ?? 0
  const fromMs = go.startAtMs - offsetMs
  const plannedMs = fromMs + plan.load.durationSeconds * 1000
  const endsMs = scenario.generators.map((_, k) => {
    const summary = summaryOf(simulated, k)
    const diesAtSecond = scenario.generators[k]?.diesAtSecond ?? null
    if (summary === null && diesAtSecond !== null) return fromMs + diesAtSecond * 1000
    const last = (scenario.generators[k]?.freezes ?? []).find(({ toSecond }) => toSecond === NEVER)
    if (summary === null && last !== undefined) return fromMs + Math.max(0, last.fromSecond) * 1000
    return summary === null ? plannedMs : summary.endedAtUs / 1000 - (troubles.clockOffsetsMs[k] ?? 0)
  })
  return { fromMs, toMs: Math.min(plannedMs, Math.max(...endsMs)) }
}

function blindOf({ scenario, world }: Simulated, container: number, load: Span | null): Span[] {
  if (load === null) return [{ fromMs: Number.NEGATIVE_INFINITY, toMs: NEVER }]
  const { freezes = [], diesAtSecond, clockOffsetMs = 0 } = scenario.generators[container] ?? {}
  const go = world.blobs.peek<GoSignal>(blobNames.go(scenario.plan.drillId)) as GoSignal
  const ownMs = (second: number) => go.startAtMs - clockOffsetMs + second * 1000
  const frozen = freezes.map(({ fromSecond, toSecond }: Freeze) => ({
    fromMs: ownMs(fromSecond),
    toMs: ownMs(toSecond),
  }))
  return [...frozen, ...(diesAtSecond == null ? [] : [{ fromMs: ownMs(diesAtSecond - 1), toMs: NEVER }])]
}

export function united(spans: readonly Span[], gapMs = 0): Span[] {
  const sorted = [...spans].sort((a, b) => a.fromMs - b.fromMs)
  const all: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of sorted) {
    const last = all.at(-1)
    if (last !== undefined && fromMs <= last.toMs + gapMs) last.toMs = Math.max(last.toMs, toMs)
    else all.push({ fromMs, toMs })
  }
  return all
}

export const overlapMs = (a: Span, b: Span): number =>
  Math.max(0, Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs))

/** Whether some container saw the service all through this time. */
export const isWatched = ({ blind }: Truth, span: Span): boolean =>
  blind.some((spans) => spans.every((one) => overlapMs(one, span) === 0))

/** Whether all containers did. */
export const isWatchedByAll = ({ blind }: Truth, span: Span): boolean =>
  blind.every((spans) => spans.every((one) => overlapMs(one, span) === 0))

/** While the load ran, of any cause. */
export const happenedInLoad = ({ interruptions, load }: Truth): readonly Interruption[] =>
  load === null ? [] : interruptions.filter(({ fromMs }) => fromMs < load.toMs)

/** Interruptions that look like one to a client: between them the service was not well for long. */
export const spellsOf = (truth: Truth, wellMs: number): Span[] => united(truth.interruptions, wellMs)
