/** What must hold of the applications that a drill probed: sums, and every outage that is stated, against the world. */
import type { Application } from '../../functions/model/probes/application.ts'
import type { Report } from '../../functions/model/report.ts'
import type { Simulated } from './simulation.ts'
import { isWatched, overlapMs, type Span, type Truth, united } from './truth.ts'

/** One request, its answer, and a step of the world. */
const toleranceMs = ({ everyMs }: Application): number => everyMs + 60
const STEP_MS = 50
/** Attempts of the step probe are so far apart. */
const PROBE_MS = 100

export function appViolations(simulated: Simulated, report: Report, truth: Truth): string[] {
  const { load } = truth
  return report.applications.flatMap((application) => [
    ...sums(application),
    ...(load === null
      ? []
      : [...outagesAreTrue(simulated, application, truth, load), ...beyondIsTrue(simulated, application, load)]),
  ])
}

function sums({ name, requests, availability }: Application): string[] {
  const { planned, good, failed, notObserved } = requests
  const isWhole = planned === good + failed + notObserved && Math.min(planned, good, failed, notObserved) >= 0
  const expected = good + failed === 0 ? null : good / (good + failed)
  return [
    ...(isWhole ? [] : [`${name}: ${planned} requests are not ${good} + ${failed} + ${notObserved}`]),
    ...(availability === expected ? [] : [`${name}: availability ${availability}, and ${expected} is right`]),
  ]
}

/** What is said to be beyond the database is no longer than the server was up while one of the outages lasted. */
function beyondIsTrue({ world }: Simulated, application: Application, { toMs }: Span): string[] {
  const upMs = Math.max(
    0,
    ...application.outages.map((outage) => {
      const endMs = outage.toAt === null ? toMs : Date.parse(outage.toAt)
      let sumMs = 0
      for (let atMs = Date.parse(outage.fromAt); atMs < endMs; atMs += STEP_MS)
        if (world.server.isUpAt(atMs)) sumMs += STEP_MS
      return sumMs
    }),
  )
  const mostMs = upMs + toleranceMs(application) + PROBE_MS
  return application.events
    .filter(({ beyondDatabaseSeconds }) => (beyondDatabaseSeconds ?? 0) * 1000 > mostMs)
    .map(
      ({ event, beyondDatabaseSeconds }) =>
        `${application.name}: event ${event} went on for ${beyondDatabaseSeconds} s beyond the database, which was up for ${upMs} ms of it`,
    )
}

/** When the application was away, for the prober of one container. */
function awayFrom({ world, scenario }: Simulated, container: number, load: Span): Span[] {
  const lagMs = scenario.generators[container]?.appLagMs ?? 0
  const spans: Span[] = []
  for (let atMs = load.fromMs - lagMs; atMs < load.toMs; atMs += STEP_MS)
    if (!world.server.isUpAt(atMs)) spans.push({ fromMs: atMs, toMs: atMs + STEP_MS + lagMs })
  return united(spans)
}

function outagesAreTrue(simulated: Simulated, application: Application, truth: Truth, load: Span): string[] {
  const { name, outages } = application
  const tolerance = toleranceMs(application)
  return simulated.scenario.generators.flatMap((_, container) => {
    const away = awayFrom(simulated, container, load)
    const own = outages.filter((one) => one.container === container)
    const stated = own.map((one) => ({
      ...one,
      from: truth.fromReport(one.fromAt),
      to: one.toAt && truth.fromReport(one.toAt),
    }))
    const invented = stated.filter(
      ({ seconds, from, to }) =>
        seconds !== null && !happened({ fromMs: from, toMs: Number(to) }, away, application, load),
    )
    const overlooked = away.filter(
      (span) =>
        span.fromMs > load.fromMs &&
        span.toMs + 2 * tolerance < load.toMs &&
        span.toMs - span.fromMs > 2 * tolerance &&
        isWatched(
          { ...truth, blind: [truth.blind[container] ?? []] },
          { fromMs: span.fromMs - 6_000, toMs: load.toMs + 6_000 },
        ) &&
        !stated.some(
          ({ from, to }) => overlapMs(span, { fromMs: from, toMs: to === null ? load.toMs : Number(to) }) > 0,
        ),
    )
    return [
      ...invented.map(
        ({ fromAt, seconds }) =>
          `${name}: an outage of ${seconds} s at ${fromAt} in container ${container} did not happen`,
      ),
      ...overlooked.map(
        ({ fromMs, toMs }) => `${name}: container ${container} overlooked ${(toMs - fromMs) / 1000} s at ${fromMs}`,
      ),
    ]
  })
}

/** No request has to fall into a time between two spells that is shorter than its period. */
function happened(stated: Span, away: readonly Span[], application: Application, load: Span): boolean {
  const isNear = (a: number, b: number) => Math.abs(a - b) <= toleranceMs(application)
  for (let first = 0; first < away.length; first++) {
    if (!isNear(stated.fromMs, Math.max(away[first]?.fromMs ?? 0, load.fromMs))) continue
    for (let last = first; last < away.length; last++) {
      const gapMs = last === first ? 0 : (away[last]?.fromMs ?? 0) - (away[last - 1]?.toMs ?? 0)
      if (gapMs > application.everyMs + STEP_MS) break
      if (isNear(stated.toMs, away[last]?.toMs ?? 0)) return true
    }
  }
  return false
}
