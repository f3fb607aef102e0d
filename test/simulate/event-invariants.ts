/** The events, outages and losses of the report against those of the world. */
import type { DrillEvent, Report } from '../../functions/model/report.ts'
import type { Interruption } from '../support/world/service.ts'
import { causedEvents } from './caused.ts'
import type { Simulated } from './simulation.ts'
import {
  happenedInLoad,
  isWatched,
  isWatchedByAll,
  overlapMs,
  type Promotion,
  type Span,
  type Truth,
  united,
} from './truth.ts'

/** Two clocks, each read with an error, and the tenths and seconds that figures are counted in. */
const CLOCK_MS = 30
/** The ledger knows the second of a commit, and the tenths of that second where it begins. */
const LOST_MS = 150
/** A client that was out comes back with its next attempt: the longest back-off, and a little work. */
const RETURN_MS = 1_300

export const eventViolations = (simulated: Simulated, report: Report, truth: Truth): string[] =>
  truth.load === null || hasLooseClocks(simulated)
    ? []
    : [
        ...report.events.flatMap((event) => causeIsTrue(event, report, truth)),
        ...promotionsAreReported(simulated, report, truth),
        ...outagesAreReported(simulated, report, truth, truth.load),
        ...reportedOutagesHappened(simulated, report, truth),
        ...report.events.flatMap((event) => momentsAreTrue(simulated, event, truth)),
        ...report.events.flatMap((event) => lossIsTrue(simulated, event, report, truth)),
        ...restartsAreReported(simulated, report, truth),
        ...proofIsTrue(simulated, report, truth),
      ]

/** Of a clock that is seconds off nothing is known to be in its order. */
export const hasLooseClocks = ({ scenario }: Simulated): boolean => scenario.troubles.names.includes('a clock far off')

/** Workers that are busy most of the time take long to work off what waited, or never do. */
export const hasFewWorkers = ({ plan, generators }: Simulated['scenario']): boolean =>
  generators.some(({ latencyMs = 5 }) => (plan.load.targetTps * latencyMs) / 1000 > 0.3 * plan.load.workers)

const at = (iso: string | null, { fromReport }: Truth): number | null => (iso === null ? null : fromReport(iso))

/** The promotion on whose timeline the first commit of this event was; without one, the one that its request brought about. */
function promotionOf({ moments, kind, recovery }: DrillEvent, truth: Truth): Promotion | null {
  if (kind === 'outage' || kind === 'restart') return null
  const t0Ms = at(moments.t0, truth)
  // The last outage has no end where the service died again, and the promotion ended one before it.
  const t2Ms = at(moments.t2 ?? recovery.outages.findLast(({ toAt }) => toAt !== null)?.toAt ?? null, truth)
  const isIt = ({ interruption: { toMs }, untilMs, caused }: Promotion) =>
    t2Ms === null
      ? caused !== null && t0Ms !== null && Math.abs(caused.acceptedAtMs - t0Ms) < CLOCK_MS
      : t2Ms >= toMs - CLOCK_MS && t2Ms < untilMs
  return truth.promotions.find(isIt) ?? null
}

/** What the event's timeline came after: also promotions on whose timeline no client had a commit. */
function promotionsOf(event: DrillEvent, truth: Truth): readonly Promotion[] {
  const last = promotionOf(event, truth)
  const t1Ms = at(event.moments.t1 ?? event.moments.t0, truth) ?? last?.interruption.fromMs ?? 0
  return last === null
    ? []
    : truth.promotions.filter(({ interruption: { toMs } }) => toMs > t1Ms && toMs <= last.interruption.toMs)
}

function causeIsTrue(event: DrillEvent, report: Report, truth: Truth): string[] {
  const promotion = promotionOf(event, truth)
  const label = `event ${event.number} (${event.kind}, ${event.cause})`
  if (event.cause !== 'drill') {
    const isMine = event.cause === 'other' && promotion?.isAnswered === true && event.kind === 'promotion'
    return isMine ? [`${label} was caused by the drill: ${promotion?.caused?.token}`] : []
  }
  const request = report.requests[event.request ?? -1]
  const t2Ms = at(event.moments.t2, truth)
  return [
    request?.state === 'accepted' ? null : `${label} belongs to a request that was ${request?.state}`,
    request !== undefined && isOfKind(event, request) ? null : `${label} is claimed for a ${request?.kind}`,
    t2Ms !== null && promotion === null && RAISES.includes(event.kind)
      ? `${label} has a T2, and no timeline rose before it`
      : null,
    wasCaused(event, truth) ? null : `${label} is claimed, and the platform carried out no such request`,
    promotion !== null &&
    !promotionsOf(event, truth).some(({ isAnswered }) => isAnswered) &&
    !isInsideOwn(promotion, truth)
      ? `${label} is claimed by the drill, and was caused by: ${promotion.interruption.cause}`
      : null,
  ].filter((why) => why !== null)
}

/** A crash while the platform carries out what the drill asked for, or before a client is back, looks like its outage. */
const isInsideOwn = ({ interruption: { fromMs } }: Promotion, { caused, acksMs }: Truth): boolean =>
  caused.some(
    ({ isAnswered, acceptedAtMs, upAtMs }) =>
      isAnswered && acceptedAtMs < fromMs && fromMs < (acksMs.find((ms) => ms >= upAtMs) ?? Number.POSITIVE_INFINITY),
  )

/** Kinds of events that are over only on another timeline. */
const RAISES: readonly string[] = ['failover', 'switchover']

/** A restart that ended in a promotion was a failover. */
const isOfKind = ({ kind }: DrillEvent, request: Report['requests'][number]): boolean =>
  kind === request.kind || (request.kind === 'restart' && kind === 'failover')

const CALLS: Readonly<Partial<Record<DrillEvent['kind'], string>>> = {
  restart: 'restart',
  scale: 'scale',
  switchover: 'promote',
}

/** Of an accepted request for this kind, the platform says when it accepted it. */
function wasCaused({ kind, moments }: DrillEvent, truth: Truth): boolean {
  const [call, t0Ms] = [CALLS[kind], at(moments.t0, truth)]
  if (call === undefined || t0Ms === null) return true
  return truth.caused.some(
    ({ request, isAnswered, acceptedAtMs }) =>
      request.call === call && isAnswered && Math.abs(acceptedAtMs - t0Ms) < CLOCK_MS,
  )
}

/** Each promotion that a client had a commit on is one event, with the right cause. */
function promotionsAreReported({ world, scenario }: Simulated, report: Report, truth: Truth): string[] {
  const whole = scenario.generators.every(({ diesAtSecond }) => diesAtSecond == null)
  return truth.promotions.flatMap((promotion) => {
    const { interruption, untilMs, isAnswered, caused } = promotion
    const isSeen = hasCommit(world, { fromMs: interruption.toMs + RETURN_MS, toMs: untilMs })
    if (!isSeen || !whole || !isWatched(truth, { fromMs: interruption.fromMs, toMs: interruption.toMs + RETURN_MS }))
      return []
    const events = report.events.filter((event) => promotionOf(event, truth) === promotion)
    if (events.length === 0 && isOfUndatedEvent(promotion, report, truth)) return []
    if (events.length === 0)
      return [`the promotion by ${interruption.cause} to timeline ${promotion.timeline} is no event`]
    const own = events.filter((event) => !mayBeOfEarlier(world, event, promotion, report, truth))
    if (own.length > 1) return [`timeline ${promotion.timeline} is ${own.length} events`]
    const isPlain =
      isAnswered &&
      caused !== null &&
      isWatched(truth, { fromMs: caused.acceptedAtMs - 12_000, toMs: interruption.toMs + RETURN_MS }) &&
      !truth.interruptions.some(
        (other) =>
          other !== interruption &&
          overlapMs(other, { fromMs: caused.acceptedAtMs - 15_000, toMs: interruption.toMs }) > 0,
      )
    return isPlain && events[0]?.cause !== 'drill'
      ? [`the drill's promotion to timeline ${promotion.timeline} is reported as ${events[0]?.cause}`]
      : []
  })
}

/**
 * Of a request whose answer was lost, in an outage that not every generator watched, the report dates nothing. Such an event stands for
 * one promotion that no other event has.
 */
function isOfUndatedEvent(promotion: Promotion, { events }: Report, truth: Truth): boolean {
  const undated = events.filter(
    ({ request, cause, moments: { t0, t1, t2 } }) =>
      request !== null && cause === 'unattributed' && [t0, t1, t2].every((moment) => moment === null),
  )
  const unclaimed = truth.promotions.filter((one) => events.every((event) => promotionOf(event, truth) !== one))
  return unclaimed.indexOf(promotion) < undated.length
}

const hasCommit = ({ rows }: Simulated['world'], { fromMs, toMs }: Span): boolean =>
  rows.everAcknowledged.some(({ atMs, outcome }) => outcome === 'acknowledged' && atMs > fromMs && atMs < toMs)

/**
 * The T2 of an outage that no generator watched is not reported, so only its request dates such an event. Where the report
 * leaves its cause open, the request may have claimed an earlier promotion that rose after it, and that no other event has.
 */
function mayBeOfEarlier(
  world: Simulated['world'],
  event: DrillEvent,
  { interruption }: Promotion,
  { events }: Report,
  truth: Truth,
): boolean {
  const t0Ms = at(event.moments.t0, truth)
  if (event.cause !== 'unattributed' || event.moments.t2 !== null || t0Ms === null) return false
  return truth.promotions.some(
    (earlier) =>
      earlier.interruption.toMs > t0Ms &&
      earlier.interruption.toMs < interruption.toMs &&
      hasCommit(world, { fromMs: earlier.interruption.toMs, toMs: earlier.untilMs }) &&
      events.every((other) => promotionOf(other, truth) !== earlier),
  )
}

/** Shorter ones may be the pauses of a small load. */
const surelySeenMs = ({ scenario }: Simulated): number =>
  Math.max(2_500, (14_000 / scenario.plan.load.targetTps) * 1.2, 12 * 1_100)

export const longEnoughMs = (simulated: Simulated): number =>
  simulated.scenario.generators.some(({ losesEveryNthReply = 0 }) => losesEveryNthReply > 0)
    ? surelySeenMs(simulated)
    : Math.max(2_500, (14_000 / simulated.scenario.plan.load.targetTps) * 1.2)

function outagesAreReported(simulated: Simulated, report: Report, truth: Truth, load: Span): string[] {
  const reported = report.recovery.outages.map((outage) => spanOf(outage, truth))
  return truth.out.flatMap(({ fromMs, toMs }) => {
    const seen = { fromMs: Math.max(fromMs, load.fromMs + 1_500), toMs: Math.min(toMs, load.toMs - 500) }
    if (seen.toMs - seen.fromMs < longEnoughMs(simulated) || !isWatched(truth, seen)) return []
    const covered = reported.reduce((sum, one) => sum + overlapMs(one, seen), 0)
    return covered >= seen.toMs - seen.fromMs - 200
      ? []
      : [`the service was out for ${seconds(seen)} s at ${iso(seen.fromMs)}, the report has ${covered / 1000} s of it`]
  })
}

const spanOf = ({ fromAt, toAt }: Report['recovery']['outages'][number], truth: Truth): Span => ({
  fromMs: at(fromAt, truth) ?? Number.NEGATIVE_INFINITY,
  toMs: at(toAt, truth) ?? Number.POSITIVE_INFINITY,
})

/** What is no outage of the service may only be the time in which the generators did not watch, and must be said to be that. */
function reportedOutagesHappened(simulated: Simulated, report: Report, truth: Truth): string[] {
  const spacingMs = 3_000 / simulated.scenario.plan.load.targetTps + RETURN_MS + 100
  const all = united([
    ...truth.out.map(({ fromMs, toMs }) => ({ fromMs: fromMs - spacingMs, toMs: toMs + spacingMs })),
    ...truth.blind.flat().map(({ fromMs, toMs }) => ({ fromMs: fromMs - spacingMs, toMs: toMs + spacingMs })),
  ])
  return report.recovery.outages.flatMap((outage) => {
    const span = spanOf(outage, truth)
    const end = Math.min(span.toMs, truth.load?.toMs ?? span.toMs)
    const inside = all.some(({ fromMs, toMs }) => fromMs <= span.fromMs && toMs >= end)
    const event = report.events.find(({ number }) => number === outage.event)
    const outMs = truth.out.reduce((sum, one) => sum + overlapMs(one, { fromMs: span.fromMs, toMs: end }), 0)
    return [
      inside ? null : `the outage of ${outage.fromAt} to ${outage.toAt} did not happen`,
      end - span.fromMs > 1_000 && outMs < 200 && event?.watched === true
        ? `the outage of ${outage.fromAt} was a stall, and its event is called watched`
        : null,
    ].filter((why) => why !== null)
  })
}

/** T1, T2 and T4 of an event that nothing else disturbed; and never a T4 while the service was out. */
function momentsAreTrue(simulated: Simulated, event: DrillEvent, truth: Truth): string[] {
  const { timing } = simulated.scenario.plan
  const t4Ms = at(event.moments.t4, truth)
  const holdMs = 1000 * Math.max(timing.recoveryWindowSeconds, timing.recoveryHoldSeconds)
  const held = { fromMs: (t4Ms ?? 0) + CLOCK_MS, toMs: (t4Ms ?? 0) + holdMs - 100 }
  const broken = t4Ms === null ? undefined : truth.out.find((one) => overlapMs(one, held) > 1_000)
  return [
    ...(broken === undefined
      ? []
      : [`T4 of event ${event.number} is ${event.moments.t4}, and the service was out from ${iso(broken.fromMs)}`]),
    ...plainMoments(simulated, event, truth),
  ]
}

function plainMoments({ scenario }: Simulated, event: DrillEvent, truth: Truth): string[] {
  const interruption = promotionOf(event, truth)?.interruption ?? restartOf(event, truth)
  if (interruption === null) return []
  const { fromMs, toMs } = interruption
  const { recoveryWindowSeconds, recoveryHoldSeconds } = scenario.plan.timing
  const holdMs = 1000 * Math.max(recoveryWindowSeconds, recoveryHoldSeconds)
  const around = { fromMs: fromMs - 12_000, toMs: toMs + RETURN_MS + 6_000 + holdMs }
  const isAlone = truth.interruptions.every((one) => one === interruption || overlapMs(one, around) === 0)
  if (!isAlone || !isWatchedByAll(truth, around)) return []
  const before = truth.acksMs.findLast((ms) => ms < fromMs)
  const after = truth.acksMs.find((ms) => ms >= toMs)
  const t1Ms = at(event.moments.t1, truth)
  const t2Ms = at(event.moments.t2, truth)
  const t4Ms = at(event.moments.t4, truth)
  // A second try that finds its row is acknowledged without a timeline: T2 is the first commit that carries the new one.
  const t2Slack = scenario.plan.load.retryUnknown ? RETURN_MS : 0
  const wrong = (name: string, ms: number | null, from: number | undefined, to: number | undefined) =>
    ms !== null && from !== undefined && to !== undefined && (ms < from - CLOCK_MS || ms > to + CLOCK_MS)
      ? `${name} of event ${event.number} is ${iso(ms)}, in truth between ${iso(from)} and ${iso(to)}`
      : null
  const losesMany = scenario.generators.some(({ losesEveryNthReply = 0 }) => losesEveryNthReply > 0)
  const isNarrow = hasFewWorkers(scenario)
  return [
    wrong('T1', t1Ms, before, before),
    wrong('T2', t2Ms, after, after === undefined ? undefined : after + t2Slack),
    losesMany || isNarrow ? null : wrong('T4', t4Ms, after, toMs + RETURN_MS + 4_000),
  ].filter((why) => why !== null)
}

/** The restart that lies in the outage of an event. */
function restartOf({ moments }: DrillEvent, truth: Truth): Interruption | null {
  const [t1Ms, t2Ms] = [at(moments.t1, truth), at(moments.t2, truth)]
  if (t1Ms === null || t2Ms === null) return null
  const inside = truth.interruptions.filter(
    ({ kind, fromMs, toMs }) => kind === 'restart' && fromMs >= t1Ms - CLOCK_MS && toMs <= t2Ms + CLOCK_MS,
  )
  return inside.length === 1 ? (inside[0] ?? null) : null
}

/** By the definition of the report: the first outage after an acknowledgement is the one that can have discarded it. */
function lossIsTrue({ scenario }: Simulated, event: DrillEvent, report: Report, truth: Truth): string[] {
  const isWhole = scenario.generators.every(
    ({ diesAtSecond, freezes = [] }) => diesAtSecond == null && freezes.length === 0,
  )
  if (event.lostSeconds === null || report.ledger.lost === null || !isWhole) return []
  const starts = report.events
    .flatMap((one) => startsOf(one, truth).map((ms) => ({ event: one, ms })))
    .sort((a, b) => a.ms - b.ms)
  const lostMs = truth.promotions.flatMap(({ lost }) => lost.map(({ knownMs }) => knownMs)).sort((a, b) => a - b)
  const spans = starts.flatMap(({ event: loser, ms }, i): Span[] => {
    const afterMs = starts[i - 1]?.ms ?? Number.NEGATIVE_INFINITY
    const oldest = lostMs.find((known) => known > afterMs + CLOCK_MS && known <= ms + CLOCK_MS)
    if (loser !== event || oldest === undefined) return []
    return [{ fromMs: oldest, toMs: truth.acksMs.findLast((ack) => ack <= ms + CLOCK_MS) ?? ms }]
  })
  const lostSeconds = Math.max(0, ...spans.map(seconds))
  const countIn = (allMs: readonly number[], { fromMs, toMs }: Span) =>
    allMs.filter((ms) => ms >= fromMs && ms <= toMs).length
  // A second try that finds its row is acknowledged long after the row was committed, and kept among rows that are lost.
  const isMixed = spans.some((span) => countIn(truth.acksMs, span) !== countIn(lostMs, span))
  // Seconds of a container whose clock is off cover parts of two. Then, and for mixed ones, the whole second is counted.
  const isOff = scenario.troubles.clockOffsetsMs.some((ms) => ms !== 0) || scenario.troubles.databaseOffsetMs !== 0
  const slackMs = isOff || isMixed ? 1_400 : LOST_MS
  return Math.abs(lostSeconds - event.lostSeconds) <= slackMs / 1000
    ? []
    : [`event ${event.number} lost ${lostSeconds} s of commits, the report says ${event.lostSeconds}`]
}

/** The last acknowledgement before each of its outages. */
const startsOf = ({ moments, recovery }: DrillEvent, truth: Truth): number[] =>
  [...new Set([at(moments.t1, truth), ...recovery.outages.map((outage) => spanOf(outage, truth).fromMs)])].filter(
    (ms) => ms !== null,
  )

/** Proven: all that was asked for was carried out; of a drill that watches, anything happened. */
function proofIsTrue({ world }: Simulated, { eventsProof, requests }: Report, truth: Truth): string[] {
  if (!eventsProof.proven) return []
  if (requests.some(({ state }) => state === 'watched'))
    return happenedInLoad(truth).length + truth.blind.flat().length > 0
      ? []
      : ['an event of others is called proven, and nothing happened']
  const mine = causedEvents(world).filter(({ isAnswered, upAtMs }) => isAnswered && upAtMs <= world.clock.nowMs)
  const judged = requests.filter(({ state }) => state !== 'left out')
  return mine.length >= judged.length && judged.every(({ state }) => state === 'accepted')
    ? []
    : [`${judged.length} events are called proven, and the drill caused ${mine.length}`]
}

/** A restart that nothing else disturbed is an event of its kind, or of the scaling that it was; the drill's own is proven. */
function restartsAreReported(simulated: Simulated, report: Report, truth: Truth): string[] {
  const { load } = truth
  const known = report.events.map((event) => ({ event, restart: restartOf(event, truth) }))
  return truth.interruptions.flatMap((interruption) => {
    const { kind, cause, fromMs, toMs } = interruption
    const around = { fromMs: fromMs - 15_000, toMs: toMs + RETURN_MS + 8_000 }
    const isAlone = truth.interruptions.every((one) => one === interruption || overlapMs(one, around) === 0)
    const isPlain = load !== null && isAlone && isWatchedByAll(truth, around) && around.toMs < load.toMs
    if (kind !== 'restart' || (cause !== 'drill' && cause !== 'hand') || !isPlain) return []
    if (toMs - fromMs < longEnoughMs(simulated) || isBeforeFirstLook(simulated, interruption, load)) return []
    const { event } = known.find(({ restart }) => restart === interruption) ?? {}
    if (event === undefined) return [`the restart by ${cause} at ${iso(fromMs)} is no event`]
    // Another outage of the same event may have another cause.
    if (event.recovery.outages.length > 1) return []
    const effect = simulated.world.server.effects.all.find((one) => one.downAtMs === fromMs && one.upAtMs === toMs)
    return restartIsNamed(event, cause, effect?.request.call ?? null, isUndisturbed(simulated))
  })
}

/** The first look at the primary in a watch takes up to this long: without one before it an event has no kind. */
const FIRST_LOOK_MS = 3_000

function isBeforeFirstLook({ scenario }: Simulated, { fromMs }: Interruption, load: Span): boolean {
  const watch = scenario.plan.events.find(({ kind }) => kind === 'external')
  return watch !== undefined && fromMs < load.fromMs + watch.atSeconds * 1_000 + FIRST_LOOK_MS
}

function restartIsNamed(event: DrillEvent, cause: string, call: string | null, isSeenWell: boolean): string[] {
  const label = `event ${event.number} (${event.kind}, ${event.cause})`
  const isClaimed = cause !== 'drill' && event.cause === 'drill'
  if (isClaimed) return [`${label} is claimed by the drill, and was a ${call} of others`]
  if (!isSeenWell || event.kind === call) return []
  return [`${label} was a ${call}`]
}

/** The drill saw the server all the time, and heard every answer. */
const isUndisturbed = ({ scenario, world }: Simulated): boolean =>
  scenario.hanging.length + scenario.platformAwayMs.length + scenario.storageAwayMs.length === 0 &&
  scenario.hostDiesAtMs.length === 0 &&
  scenario.loseShare + scenario.lateShare + scenario.troubles.timersLateShare === 0 &&
  scenario.abortAtMs === null &&
  scenario.serverLostAtMs === null &&
  world.server.sent.every(({ answer }) => answer !== null && answer.kind !== 'ambiguous')

const iso = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(11, 23) : 'never')
const seconds = ({ fromMs, toMs }: Span): number => (toMs - fromMs) / 1000
