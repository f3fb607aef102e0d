/** Exactly one request per intent is carried out, and none that no drill may send. */
import type { EventIntent } from '../../functions/clients/storage/event-attempts.ts'
import type { LastPromotion } from '../../functions/clients/storage/last-promotion.ts'
import { isNeededBy } from '../../functions/event-kinds/kinds.ts'
import { drillBlobs, serverBlobs } from '../../functions/model/blob-paths.ts'
import type { EventAnswer } from '../../functions/model/event-answer.ts'
import { blobNames, type GoSignal } from '../../loadgen-image/contract/glossary.ts'
import type { SentRequest } from '../support/world/server.ts'
import { START_AT_MS } from '../support/world/world.ts'
import { causedEvents, isPromotedBy, sentForEvents } from './caused.ts'
import { isInCooldown } from './invariants.ts'
import { BEYOND_SILENCE_MS, type Simulated } from './simulation.ts'

export const requestViolations = (simulated: Simulated): string[] => [
  ...oneEffectPerIntent(simulated),
  ...requestsOfIntents(simulated).flatMap((sent) => needlessRequests(simulated, sent)),
  ...requestsWhileOneMayArrive(simulated),
  ...forbiddenRequests(simulated),
  ...answersAreKept(simulated),
  ...lostAnswersAreSettled(simulated),
  ...cooldownIsNoted(simulated),
]

function intentTimes({ world, scenario: { plan } }: Simulated): number[] {
  const intents = plan.events.flatMap(
    (_, index) => world.blobs.peek<EventIntent>(drillBlobs.eventIntent(plan.drillId, index)) ?? [],
  )
  return intents.map(({ writtenAt }) => Date.parse(writtenAt))
}

/** What happened between this intent and the next one was for it. */
function perIntent<T>(simulated: Simulated, all: readonly T[], atMsOf: (one: T) => number): T[][] {
  const starts = intentTimes(simulated)
  return starts.map((from, i) =>
    all.filter((one) => atMsOf(one) >= from && atMsOf(one) < (starts[i + 1] ?? Number.POSITIVE_INFINITY)),
  )
}

const requestsOfIntents = (simulated: Simulated): SentRequest[][] =>
  perIntent(simulated, sentForEvents(simulated.world), ({ atMs }) => atMs)

function oneEffectPerIntent(simulated: Simulated): string[] {
  const caused = causedEvents(simulated.world)
  const counts = perIntent(simulated, caused, ({ acceptedAtMs }) => acceptedAtMs).map(({ length }) => length)
  const stray = caused.length - counts.reduce((sum, count) => sum + count, 0)
  return [
    ...counts.flatMap((count, i) => (count > 1 ? [`intent ${i} caused ${count} events`] : [])),
    ...(stray > 0 ? [`${stray} events without an intent`] : []),
  ]
}

/** A request may follow only one that was refused, or one whose sender died and that was silent for long enough. */
function needlessRequests({ scenario, world }: Simulated, sent: readonly SentRequest[]): string[] {
  return sent.flatMap((request, i) => {
    const before = sent.slice(0, i)
    const known = before.find(({ answer }) => answer !== null && answer.kind !== 'refused')
    if (known !== undefined) return [`a request was sent after one that was ${known.answer?.kind}`]
    const arrived = causedEvents(world).some(
      ({ acceptedAtMs }) =>
        acceptedAtMs >= (before[0]?.atMs ?? Number.POSITIVE_INFINITY) && acceptedAtMs < request.atMs,
    )
    if (arrived) return ['a request was sent while an earlier one had been carried out']
    const silentMs = request.atMs - (before.findLast(({ answer }) => answer === null)?.atMs ?? Number.NEGATIVE_INFINITY)
    return silentMs >= scenario.eventSilenceSeconds * 1000
      ? []
      : [`a request was sent ${silentMs} ms after one whose answer was lost`]
  })
}

/** Also when an event was seen since: another actor may have caused it. What undoes an event waits as well. */
function requestsWhileOneMayArrive({ scenario, world }: Simulated): string[] {
  const { sent } = world.server
  return sent.flatMap((request, i) => {
    const lost = sent.slice(0, i).findLast(({ answer }) => answer === null || answer.kind === 'ambiguous')
    const afterMs = request.atMs - (lost?.atMs ?? Number.NEGATIVE_INFINITY)
    return afterMs >= scenario.eventSilenceSeconds * 1000
      ? []
      : [`a request was sent ${afterMs} ms after one whose answer was lost, which may still arrive`]
  })
}

function forbiddenRequests({ world, scenario }: Simulated): string[] {
  const { abortAtMs, plan, serverLostAtMs, storageAwayMs } = scenario
  const sent = sentForEvents(world)
  const after = (ms: number | null) => (ms === null ? [] : sent.filter(({ atMs }) => atMs > START_AT_MS + ms))
  const mayNotStart = scenario.isServerTaken
    ? 'a server that another drill holds'
    : // Storage that is away at the check hides when the last failover was; what is unknown stops nothing.
      isInCooldown(scenario) && isNeededBy(plan.events, 'cool-down') && storageAwayMs.length === 0
      ? 'a server in its cool-down'
      : null
  const started = mayNotStart !== null && (sent.length > 0 || world.groups.created.length > 0)
  return [
    ...(after(abortAtMs).length > 0 ? ['an event was asked for after the drill had been aborted'] : []),
    ...(after(serverLostAtMs).length > 0 ? ['an event was asked for when the server was no longer reserved'] : []),
    ...(started ? [`${mayNotStart} was used`] : []),
  ]
}

/** The token of an accepted request leads to the operation: it may be lost with nothing but storage. */
function answersAreKept({ world, scenario: { plan, storageAwayMs } }: Simulated): string[] {
  if (storageAwayMs.length > 0) return []
  const given = sentForEvents(world).flatMap(({ answer }) => (answer?.kind === 'accepted' ? [answer.pollerToken] : []))
  const kept = plan.events
    .flatMap((_, index) => answersOf(world, plan.drillId, index))
    .flatMap((answer) => (answer.kind === 'accepted' ? [answer.pollerToken] : []))
  const lost = given.filter((token) => !kept.includes(token))
  return lost.length === 0 ? [] : [`the answer with ${lost.join(', ')} was not kept`]
}

const MAX_ATTEMPTS = 8

/** A host sent the request and died: while there is load, the drill sees the event and takes it for the answer. */
function lostAnswersAreSettled({ world, scenario, played }: Simulated): string[] {
  const { plan, storageAwayMs, platformAwayMs, hanging, abortAtMs, hostDiesAtMs } = scenario
  const isBlind = storageAwayMs.length + platformAwayMs.length + hanging.length + hostDiesAtMs.length > 0
  const isCutShort = played.report?.journal.some(({ step }) => step === 'early end') !== false
  if (isBlind || isCutShort || abortAtMs !== null) return []
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))?.startAtMs ?? 0
  const loadEndMs = startAtMs + plan.load.durationSeconds * 1000
  const recordedAtMs = plan.events.flatMap((_, index) => recordedAt(world, plan.drillId, index) ?? [])
  const arrived = causedEvents(world)
  const unsettled = arrived.filter(({ acceptedAtMs }, i) => {
    const latestMs = acceptedAtMs + SETTLED_WITHIN_MS
    return latestMs < loadEndMs && recordedAtMs.filter((atMs) => atMs <= latestMs).length <= i
  })
  return unsettled.map(({ token }) => `the event ${token} was not put on record in ${SETTLED_WITHIN_MS} ms`)
}

/** A host comes back within 10 s, and the drill looks again every 15 s. */
const SETTLED_WITHIN_MS = 35_000

function recordedAt({ blobs }: Simulated['world'], drillId: string, index: number): number | null {
  const names = Array.from({ length: MAX_ATTEMPTS }, (_, attempt) => drillBlobs.eventAnswer(drillId, index, attempt))
  const name = names.find((one) => (blobs.peek<EventAnswer>(one)?.kind ?? 'refused') !== 'refused')
  return name === undefined ? null : blobs.lastModifiedMs(name)
}

const answersOf = (world: Simulated['world'], drillId: string, index: number): EventAnswer[] =>
  Array.from({ length: MAX_ATTEMPTS }).flatMap(
    (_, attempt) => world.blobs.peek<EventAnswer>(drillBlobs.eventAnswer(drillId, index, attempt)) ?? [],
  )

/** From the claim of a request to its sending. */
const CLAIM_MS = 1_000

/** The next drill waits after every promotion that the drill caused, even after one that was never answered for and came late. */
function cooldownIsNoted({ world, scenario: { plan, storageAwayMs } }: Simulated): string[] {
  const last = causedEvents(world).findLast((caused) => isPromotedBy(caused, world))
  if (last === undefined || storageAwayMs.length > 0) return []
  const noted = world.blobs.peek<LastPromotion>(serverBlobs.lastPromotion(plan.target))
  if (noted?.drillId !== plan.drillId) return [`no cool-down was noted for the event ${last.token}`]
  // One that arrives later than any request may is not waited for.
  return Date.parse(noted.at) >= last.acceptedAtMs - BEYOND_SILENCE_MS - CLAIM_MS
    ? []
    : [`the cool-down counts from ${noted.at}, and the event ${last.token} came later`]
}
