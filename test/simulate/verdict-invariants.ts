/** No false PASS, no false FAIL, no harm on a guess, and no sentence that is not true. */
import type { Report } from '../../functions/model/report.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { START_AT_MS } from '../support/world/world.ts'
import { causedEvents, sentForEvents } from './caused.ts'
import { hasFewWorkers, hasLooseClocks, longEnoughMs } from './event-invariants.ts'
import type { Simulated } from './simulation.ts'
import { splitBrainRows } from './stale-invariants.ts'
import { happenedInLoad, isWatched, overlapMs, type Span, spellsOf, type Truth } from './truth.ts'

export const verdictViolations = (simulated: Simulated, report: Report, truth: Truth): string[] => [
  ...(report.verdict === 'PASS' ? whyNotPass(simulated, truth) : []),
  ...(report.verdict === 'FAIL' ? whyNotFail(simulated, report, truth) : []),
  ...mustFail(simulated, report, truth),
  ...sentencesAreTrue(simulated, report, truth),
  ...failoversAreFailovers(simulated, report, truth),
  ...watchIsConclusive(simulated, report, truth),
  ...startIsSaid(simulated, report),
]

/** A report says that the load did not start exactly when it did not, and then it has no figure that others are compared with. */
function startIsSaid({ world, scenario }: Simulated, { stoppedBy, headline, criteria, trend }: Report): string[] {
  if (world.blobs.has(blobNames.go(scenario.plan.drillId)))
    return stoppedBy === null ? [] : [`the load was started, and the report says: ${headline}`]
  if (stoppedBy === null || !/^(?:Not started|Aborted before its load started): /.test(headline))
    return [`the load was not started, and the report says: ${headline}`]
  return criteria.length + trend.length === 0 ? [] : ['a drill without a load was judged or compared']
}

const secondsOf = ({ fromMs, toMs }: Span): number => (toMs - fromMs) / 1000

/** Of the load, as far as it was planned. */
const inLoad = (spans: readonly Span[], load: Span): Span[] =>
  spans
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, load.fromMs), toMs: Math.min(toMs, load.toMs) }))
    .filter(({ fromMs, toMs }) => toMs > fromMs)

function whyNotPass({ scenario, world }: Simulated, truth: Truth): string[] {
  const { load } = truth
  if (load === null) return ['PASS without a load']
  const isWatch = scenario.plan.events.some(({ kind }) => kind === 'external')
  const mine = isWatch ? [] : causedEvents(world).filter(({ upAtMs }) => upAtMs <= load.toMs)
  const seen = isWatch ? happenedInLoad(truth) : mine
  const out = inLoad(truth.out, load)
  const longest = Math.max(0, ...out.map(secondsOf))
  const allowed = scenario.recoveryObjectiveSeconds
  const unseen = mine.find(({ downAtMs, upAtMs }) => !isWatched(truth, { fromMs: downAtMs, toMs: upAtMs }))
  return [
    !isWatch && mine.length < scenario.plan.events.length ? `PASS with ${mine.length} events of the drill` : null,
    seen.length === 0 ? 'PASS without an event' : null,
    longest > allowed ? `PASS with an outage of ${longest} s, ${allowed} s allowed` : null,
    // What is undone after the load is no outage of it.
    truth.out.some(({ fromMs, toMs }) => fromMs < load.toMs && toMs > load.toMs)
      ? 'PASS although the service was out at the end of the load'
      : null,
    unseen === undefined ? null : 'PASS although no generator watched the event',
    world.rows.lost.length > 0 ? `PASS although ${world.rows.lost.length} commits were lost` : null,
  ].filter((why) => why !== null)
}

/** What a recovery takes beyond the interruption itself: clients come back, and goodput holds. */
const RETURN_SECONDS = 6

function whyNotFail(simulated: Simulated, report: Report, truth: Truth): string[] {
  const { world, scenario } = simulated
  const { load } = truth
  if (world.rows.lost.length > 0 || splitBrainRows(world).length > 0) return []
  // Generators that go on when the primary has died for good send nothing, and see that the service is out.
  if (load === null)
    return truth.out.some(({ toMs }) => toMs === Number.POSITIVE_INFINITY) ? [] : ['FAIL without a load']
  // Between two outages the service was not well unless it held for as long as the plan asks.
  const { recoveryWindowSeconds, recoveryHoldSeconds } = scenario.plan.timing
  const wellMs = 1_000 * (Math.max(recoveryWindowSeconds, recoveryHoldSeconds) + 2)
  const spells = inLoad(spellsOf(truth, wellMs), load)
  const longest = Math.max(0, ...spells.map(secondsOf))
  const isOutAtEnd = spells.some(({ toMs }) => toMs > load.toMs - 1_500)
  const losesMany = scenario.generators.some(({ losesEveryNthReply = 0 }) => losesEveryNthReply > 0)
  if (
    isOutAtEnd ||
    losesMany ||
    hasFewWorkers(scenario) ||
    longest + RETURN_SECONDS > scenario.recoveryObjectiveSeconds
  )
    return []
  return [
    `FAIL although the service was out for ${longest} s at most, ${scenario.recoveryObjectiveSeconds} s allowed: ${report.reasons.join(' ')}`,
  ]
}

/** Out for longer than the objective, or out when the load ended, while a generator watched: nothing excuses that. */
function mustFail(simulated: Simulated, report: Report, truth: Truth): string[] {
  const { scenario, played } = simulated
  const { load } = truth
  const isCutShort = played.report?.journal.some(({ step }) => step === 'early end') !== false
  if (load === null || isCutShort || scenario.hanging.length > 0 || hasLooseClocks(simulated)) return []
  if (scenario.generators.some(({ diesAtSecond }) => diesAtSecond != null) || scenario.storageAwayMs.length > 0)
    return []
  const first = load.fromMs + (scenario.plan.timing.warmupSeconds + 6) * 1000
  const isTooLong = (span: Span) => secondsOf(span) > scenario.recoveryObjectiveSeconds + 1
  const isToTheEnd = (span: Span) =>
    span.toMs >= load.toMs && secondsOf(span) * 1000 >= longEnoughMs(simulated) + END_MS
  const bad = inLoad(truth.out, load).find(
    (span) => span.fromMs > first && (isTooLong(span) || isToTheEnd(span)) && isWatched(truth, widened(span)),
  )
  return bad === undefined || report.verdict === 'FAIL'
    ? []
    : [
        `${report.verdict} although the service was out for ${secondsOf(bad)} s${isToTheEnd(bad) ? ' to the end of the load' : ''}, ${scenario.recoveryObjectiveSeconds} s allowed: ${report.reasons.join(' ')}`,
      ]
}

/** Replies of the last transactions come in until the load is drained. */
const END_MS = 1_000

const widened = ({ fromMs, toMs }: Span): Span => ({ fromMs: fromMs - 500, toMs: toMs + 500 })

// ---- Sentences ---------------------------------------------------------------------------------------------------------

type Claim = readonly [
  words: RegExp,
  isTrue: (simulated: Simulated, report: Report, truth: Truth, found: RegExpExecArray) => boolean,
]

const LONG_MS = 3_500

/** Every sentence that claims a cause or an absence, and when it is true. */
const CLAIMS: readonly Claim[] = [
  [/[Nn]o event was asked for/, ({ world }) => world.server.posts === 0],
  [/refused by the platform/, ({ world }) => world.server.sent.some(({ answer }) => answer?.kind === 'refused')],
  [/planned and not reached/, ({ world, scenario }) => scenario.plan.events.length > 1 || world.server.posts === 0],
  [/withheld/, ({ world, scenario }) => scenario.plan.events.length > 1 || causedEvents(world).length === 0],
  [
    /[Tt]he generator was the limit/,
    ({ scenario }) =>
      scenario.generators.some(({ freezes = [], diesAtSecond }) => freezes.length > 0 || diesAtSecond != null),
  ],
  [
    /clients saw no outage/,
    (simulated, report, truth) => {
      const { load } = truth
      const isOnly = report.events.length <= 1
      return (
        load === null ||
        !isOnly ||
        inLoad(truth.out, shrunk(load)).every(
          (span) => secondsOf(span) * 1000 < longMs(simulated) || !isWatched(truth, widened(span)),
        )
      )
    },
  ],
  [
    /no pause between two commits around it was longer than (\d+(?:\.\d+)?) s/,
    ({ world }, report, { load, interruptions }, found) =>
      load === null ||
      report.events.length > 1 ||
      interruptions
        .filter(({ kind, fromMs, toMs }) => kind === 'restart' && fromMs > load.fromMs && toMs < load.toMs)
        .every(({ fromMs, toMs }) => toMs - fromMs <= 1_000 * Number(found[1]) + 10) ||
      world.rows.lost.length > 0,
  ],
  [/[Nn]o event was seen/, (_simulated, { events }) => events.length === 0],
  [
    /had begun before the watch, which began at second (\d+(?:\.\d+)?) of the load/,
    (_simulated, { events }, { load, interruptions, blind, ...truth }, found) => {
      const watchMs = (load?.fromMs ?? 0) + 1_000 * Number(found[1])
      return (
        events.every(({ beganAt }) => truth.fromReport(beganAt) < watchMs) &&
        [...interruptions, ...blind.flat()].some(({ fromMs }) => fromMs < watchMs)
      )
    },
  ],
  [/^(?:Forced|Planned) switchover of .*, zone \d/, () => false],
  [
    /no commit (?:was acknowledged )?in the last (\d+(?:\.\d+)?) s of the load/,
    // By the server: a generator that stood still reads later what had been acknowledged before.
    ({ world }, _report, { load }, found) =>
      load === null ||
      !world.rows.everAcknowledged.some(
        ({ atMs }) => atMs > load.toMs - 1000 * Number(found[1]) + 1_100 && atMs < load.toMs - 50,
      ),
  ],
  [
    /container (\d+) stood still for/,
    ({ scenario }, _report, _truth, found) => (scenario.generators[Number(found[1])]?.freezes ?? []).length > 0,
  ],
  [
    /container (\d+) left no record/,
    ({ scenario }, _report, _truth, found) =>
      (scenario.generators[Number(found[1])]?.diesAtSecond ?? null) !== null ||
      // One that stands still until it is deleted leaves none either.
      (scenario.generators[Number(found[1])]?.freezes ?? []).length > 0 ||
      scenario.storageAwayMs.length > 0,
  ],
  [
    /commits had stopped before the request was sent|commits had stopped at/,
    ({ world }, _report, truth) =>
      world.server.sent.some(({ atMs }) =>
        [...truth.interruptions, ...truth.blind.flat()].some(
          (one) => overlapMs(one, { fromMs: atMs - 8_000, toMs: atMs }) > 0,
        ),
      ),
  ],
  [
    /that no request of this drill explains/,
    ({ world }, _report, truth) =>
      truth.interruptions.some(({ cause }) => cause !== 'drill') ||
      truth.blind.some((spans) => spans.length > 0) ||
      world.server.sent.some(({ answer }) => answer === null),
  ],
  [
    /the clock of container (\d+) is/,
    ({ scenario }, _report, _truth, found) => Math.abs(scenario.troubles.clockOffsetsMs[Number(found[1])] ?? 0) > 500,
  ],
  [/two primaries took writes/, () => false],
  [
    /and its operation failed|, its operation failed/,
    ({ world }) => world.server.sent.some(({ fate }) => fate === 'accepted and dropped'),
  ],
  [
    /audits found timeline (\d+), as before the request: nothing had been promoted by then/,
    ({ world }, { ledger: { audits } }, _truth, [, timeline]) =>
      audits.some(({ at }) => world.server.timelineAt(Date.parse(at)) === Number(timeline)),
  ],
  [
    /platform still showed zone (\d) for the primary at (\d+):(\d+):(\d+\.\d+)/,
    // Every promotion swaps the zones, and the platform shows it later.
    ({ world, scenario }, _report, _truth, [, zone, hours, minutes, seconds]) => {
      const atMs = START_AT_MS + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
      return Number(zone) === 2 - (world.server.timelineAt(atMs - scenario.troubles.oldZonesMs) % 2)
    },
  ],
  [
    /rose from (\d+) to (\d+), and other events of this report explain all of it/,
    // Each of these timelines is one that the evidence of no event that says so calls its own.
    (_simulated, { events }, _truth, found) =>
      events
        .map(({ proof }) => proof.evidence.join(' '))
        .filter((evidence) => evidence.includes(found[0]))
        .flatMap((evidence) => [...evidence.matchAll(/stamped with the new timeline (\d+)/g)])
        .every(([, own]) => Number(own) <= Number(found[1]) || Number(own) > Number(found[2])),
  ],
  [/load generators? died/, ({ world }) => world.groups.died.length > 0],
  [
    /container (\d+) (?:died|does not exist|ended before)/,
    ({ world }, _report, _truth, found) => world.groups.died.includes(Number(found[1])),
  ],
]

const shrunk = ({ fromMs, toMs }: Span): Span => ({ fromMs: fromMs + 1_500, toMs: toMs - 1_000 })
const longMs = ({ scenario }: Simulated): number =>
  Math.max(
    LONG_MS,
    14_000 / scenario.plan.load.targetTps,
    14_000 * Number(scenario.generators.some(({ losesEveryNthReply = 0 }) => losesEveryNthReply > 0)),
  )

const sentencesOf = (report: Report): string[] => [
  report.headline,
  ...report.reasons,
  ...report.caveats,
  ...report.eventsProof.evidence,
  ...report.events.map(({ sentence }) => sentence),
  report.generator.why,
]

function sentencesAreTrue(simulated: Simulated, report: Report, truth: Truth): string[] {
  return [...new Set(sentencesOf(report))].flatMap((sentence) =>
    CLAIMS.flatMap(([words, isTrue]) => {
      const found = words.exec(sentence)
      return found === null || isTrue(simulated, report, truth, found) ? [] : [`this is not true: ${sentence}`]
    }),
  )
}

const NO_FAILOVER: readonly string[] = ['restart', 'scale', 'switchover']

/** The word belongs to an event that is one; where the drill planned none and no timeline rose, to nothing in the report. */
function failoversAreFailovers({ scenario }: Simulated, report: Report, truth: Truth): string[] {
  const own = report.events.filter(({ kind }) => NO_FAILOVER.includes(kind)).map(({ sentence }) => sentence)
  const isPlanned = scenario.plan.events.some(({ kind }) => kind === 'failover')
  const isSeen = truth.promotions.some(({ caused }) => caused === null)
  const all = isPlanned || isSeen ? [] : sentencesOf(report)
  return [...new Set([...own, ...all])].flatMap((sentence) =>
    /fail(?:ed|s|ing)?[ -]?over/i.test(sentence) ? [`this is no failover: ${sentence}`] : [],
  )
}

/** A watch in which nothing happened is INCONCLUSIVE under any load; one of a calm load in which something did is not. */
function watchIsConclusive({ scenario, played }: Simulated, report: Report, truth: Truth): string[] {
  const { load } = truth
  const watch = scenario.plan.events.find(({ kind }) => kind === 'external')
  if (load === null || watch === undefined) return []
  const fromMs = load.fromMs + watch.atSeconds * 1000 + 1_500
  const happened = happenedInLoad(truth)
  if (happened.length === 0 && truth.blind.flat().length === 0 && report.verdict === 'PASS')
    return ['PASS of a watch in which nothing happened']
  const isNothingSaid = report.reasons.some((reason) => /no event was seen|nothing happened/i.test(reason))
  const isCutShort = played.report?.journal.some(({ step }) => step === 'early end') !== false
  return !isCutShort && isNothingSaid && happened.some((one) => one.fromMs > fromMs && isPlainlySeen(one, load, truth))
    ? [`a watch saw nothing, and there was a ${happened[0]?.kind} by ${happened[0]?.cause}`]
    : []
}

const isPlainlySeen = (one: Span, load: Span, truth: Truth): boolean =>
  one.toMs - one.fromMs > 14_000 && one.toMs < load.toMs && isWatched(truth, one)

// ---- Harm --------------------------------------------------------------------------------------------------------------

/** A look may be this old when the request leaves, beyond what the rule itself allows. */
const LOOK_MS = 3_000
const SILENCE_MS = 6_000

/** Before each request: commits of every container, clocks that agree, and load left to measure it by. */
export function harmViolations({ world, scenario }: Simulated, truth: Truth): string[] {
  const { plan, troubles } = scenario
  const spacingMs = (3 * plan.load.containers * 1000) / plan.load.targetTps
  return sentForEvents(world).flatMap(({ atMs }) => {
    const when = `at ${new Date(atMs).toISOString().slice(11, 23)}`
    const silent = scenario.generators.flatMap((_, container) => {
      const last = world.rows.everAcknowledged.findLast((row) => row.container === container && row.knownMs <= atMs)
      return last === undefined || atMs - last.knownMs > Math.max(SILENCE_MS, spacingMs) + 1_000 + LOOK_MS
        ? [container]
        : []
    })
    const off = troubles.clockOffsetsMs.findIndex((ms) => Math.abs(ms) > 1_100)
    const leftMs = (truth.load?.fromMs ?? 0) + plan.load.durationSeconds * 1000 - atMs
    return [
      silent.length > 0
        ? `an event was asked for ${when} without a recent commit of container ${silent.join(', ')}`
        : null,
      off >= 0
        ? `an event was asked for ${when} although the clock of container ${off} is ${troubles.clockOffsetsMs[off]} ms off`
        : null,
      leftMs < 5_000 ? `an event was asked for ${when} with ${leftMs / 1000} s of load left` : null,
    ].filter((why) => why !== null)
  })
}
