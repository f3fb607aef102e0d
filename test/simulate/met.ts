/** Which of its planned troubles a drill really met: a drill that ended before its load met few. */
import type { Simulated } from './simulation.ts'
import type { TroubleName } from './troubles.ts'
import { overlapMs, type Truth, truthOf } from './truth.ts'

export function troublesMet(simulated: Simulated): readonly TroubleName[] {
  const truth = truthOf(simulated)
  return simulated.scenario.troubles.names.filter((name) => (MET[name] ?? hadLoad)(simulated, truth))
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
  'a lost commit': (_, { promotions }) => promotions.some(({ lost }) => lost.length > 0),
}
