/** Which of its planned troubles and events a drill really met: a drill that ended before its load met few. */
import { isConditional } from '../../functions/event-kinds/kinds.ts'
import type { RequestState } from '../../functions/model/evidence.ts'
import { causedEvents, causedUndoes } from './caused.ts'
import { HAPPENINGS, type Happening } from './happenings.ts'
import type { Simulated } from './simulation.ts'
import { splitBrainRows } from './stale-invariants.ts'
import type { TroubleName } from './troubles.ts'
import { happenedInLoad, overlapMs, type Truth } from './truth.ts'

export function troublesMet(simulated: Simulated, truth: Truth): readonly TroubleName[] {
  return simulated.scenario.troubles.names.filter((name) => (MET[name] ?? hadLoad)(simulated, truth))
}

export function happeningsIn(simulated: Simulated, truth: Truth): readonly Happening[] {
  return HAPPENINGS.filter((name) => HAPPENED[name](simulated, truth))
}

type Question = (simulated: Simulated, truth: Truth) => boolean

const hadLoad: Question = (_, { load }) => load !== null
const stoodStill: Question = (_, { load, blind }) =>
  load !== null && blind.flat().some((span) => Number.isFinite(span.fromMs) && overlapMs(span, load) > 0)
const crashed: Question = (_, { load, interruptions }) =>
  load !== null && interruptions.some(({ cause, fromMs }) => cause === 'crash' && fromMs < load.toMs)
const relapsed: Question = (_, { load, interruptions }) =>
  load !== null && interruptions.some(({ cause, fromMs }) => cause === 'flap' && fromMs < load.toMs)
const refused: Question = ({ world }) => world.server.sent.some(({ answer }) => answer?.kind === 'refused')

const MET: Readonly<Partial<Record<TroubleName, Question>>> = {
  'a stall of a generator': stoodStill,
  'a stall over the failover': stoodStill,
  'a generator that freezes before the event': stoodStill,
  'one of several containers that stands still': (simulated, truth) =>
    simulated.scenario.generators.length > 1 && stoodStill(simulated, truth),
  // A clock far off may end the drill before its load: that is the right end.
  'a clock far off': ({ world }) => world.groups.created.length > 0,
  'a crash before the request': crashed,
  'a crash after the request': crashed,
  'a crash at any time': crashed,
  'a request accepted during a crash': ({ world }, { interruptions }) =>
    world.server.sent.some(
      ({ atMs, answer }) =>
        answer?.kind === 'accepted' &&
        interruptions.some(({ cause, fromMs, toMs }) => cause === 'crash' && fromMs < atMs && atMs < toMs),
    ),
  'a refused request': refused,
  'a request to try again in minutes': ({ world }) => world.server.sent.some(({ fate }) => fate === 'throttled'),
  'a primary that dies for good': crashed,
  'a new primary that dies for good': relapsed,
  flapping: relapsed,
  'a promotion by hand': (_, { load, interruptions }) =>
    load !== null && interruptions.some(({ cause, fromMs }) => cause === 'hand' && fromMs < load.toMs),
  'storage that stands still': (_, { load, interruptions }) =>
    load !== null && interruptions.some(({ cause, fromMs }) => cause === 'storage' && fromMs < load.toMs),
  'a container that is created later': ({ world }) => world.groups.refusals > 0,
  'throttled creation': ({ limits }) => limits.create.hasRefused,
  'throttled deletion': ({ limits }) => limits.delete.hasRefused,
  'a throttled failover operation': ({ limits }) => limits.operation.hasRefused,
  'throttled metrics': ({ limits }) => limits.metrics.hasRefused,
  'a second failover that is the worst': ({ world }) => world.server.failovers.length > 1,
  'a failover that the platform drops': ({ world }) =>
    world.server.sent.some(({ fate, answer }) => fate === 'accepted and dropped' && answer?.kind === 'accepted'),
  'zones that change late': (_, { promotions }) => promotions.length > 0,
  'a container group that appears late': ({ world }) => world.groups.created.length > 0,
  'a deletion that takes long': ({ world }) => world.groups.created.length > 0,
  'a lost commit': (_, { promotions }) => promotions.some(({ lost }) => lost.length > 0),
}

const caused =
  (isIt: (one: ReturnType<typeof causedEvents>[number], simulated: Simulated) => boolean): Question =>
  (simulated) =>
    causedEvents(simulated.world).some((one) => isIt(one, simulated))

const watched =
  (isIt: Question): Question =>
  (simulated, truth) =>
    truth.load !== null &&
    simulated.scenario.plan.events.some(({ kind }) => kind === 'external') &&
    isIt(simulated, truth)

const didByHand = (call: string): Question =>
  watched(({ world }) =>
    world.server.effects.all.some(({ cause, request }) => cause === 'hand' && request.call === call),
  )

const returned =
  (state: RequestState): Question =>
  ({ played, scenario: { plan } }) =>
    plan.events.some((event, i) => isConditional(event) && played.report?.requests[i]?.state === state)

const HAPPENED: Readonly<Record<Happening, Question>> = {
  'a failover of the drill': ({ world }) => world.server.failovers.length > 0,
  'a restart of the drill': caused(({ request }) => request.call === 'restart' && request.failoverMode === null),
  'scaling in place': caused(
    ({ request }, { scenario }) => request.call === 'scale' && scenario.effects.scalePath === 'in place',
  ),
  'scaling by a server that takes over': caused(
    ({ request }, { scenario }) => request.call === 'scale' && scenario.effects.scalePath === 'near zero',
  ),
  'scaling that stops commits twice': caused(
    ({ request }, { scenario }) =>
      request.call === 'scale' && scenario.effects.scalePath === 'near zero' && (scenario.effects.joinMs ?? 0) > 1_000,
  ),
  'a planned switchover': caused(({ request }) => request.call === 'promote' && request.option === 'planned'),
  'a forced switchover that loses commits': caused(
    ({ request }, { world }) => request.call === 'promote' && request.option === 'forced' && world.rows.lost.length > 0,
  ),
  'a scaling that never ends': caused(
    ({ request }, { scenario }) => request.call === 'scale' && scenario.effects.scaleMs === null,
  ),
  'a failover that returns home': returned('accepted'),
  'a return home that is left out': returned('left out'),
  'a change that was undone': ({ world }) => causedUndoes(world).length > 0,
  'an old primary that takes writes': ({ world }) => splitBrainRows(world).length > 0,
  'a watch without an event': watched((_, truth) => happenedInLoad(truth).length === 0),
  'a watch of a restart': didByHand('restart'),
  'a watch of a scaling': didByHand('scale'),
  'a watch of a promotion': watched((_, truth) => happenedInLoad(truth).some(({ kind }) => kind === 'promotion')),
}
