/** What a drill must end with, by the weather that fell on it: one failover at most, no container, and a verdict that fits. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { type Fallen, type Refusal, type Weather, weatherOf } from '../../infra/local/azure/arm/weather.ts'
import { WEATHER_FILE } from '../../infra/local/azure/arm/weather-words.ts'
import { expectHonest, MODEST, reportOf } from './drill-expectations.ts'
import { startDrillCommand } from './drill-run.ts'
import { argumentsOf } from './guides/runs.ts'

/** With the default load of 45 s and a failover after 15 s: room for one pause before a failover, and not for two. */
const OPTIONS = ['--target-tps', '120', '--workers', '8', ...MODEST]

/** It ends before its load; 10 takes two minutes and is measured, as is one of all-weathers.test.ts: by hand. */
export const SEEDS_OF_EVERY_RUN = [1]

/** Longer pauses do not fit into this drill: 90 s for its containers, 45 s of load. */
const MAX_PAUSE_SECONDS = 90
const MAX_FAILOVER_REFUSALS = 1

type Outcome =
  /** No load was sent. */
  | 'no containers'
  /** The load was whole, and the server was not failed over. */
  | 'no failover'
  /** It was failed over, and nothing says by whose request. */
  | 'lost answer'
  | 'measured'

const isLong = ({ retryAfterSeconds = 0 }: Refusal): boolean => retryAfterSeconds > MAX_PAUSE_SECONDS

const isRefused = ({ eventRefusals }: Weather): boolean =>
  eventRefusals.some(isLong) || eventRefusals.length > MAX_FAILOVER_REFUSALS

function outcomeOf(weather: Weather): Outcome {
  if (weather.createRefusals.some(isLong)) return 'no containers'
  if (isRefused(weather) || weather.eventFate.kind === 'dropped') return 'no failover'
  return weather.eventAnswer === 'accepted' ? 'measured' : 'lost answer'
}

const VERDICTS: Readonly<Record<Outcome, Report['verdict']>> = {
  'no containers': 'INCONCLUSIVE',
  'no failover': 'INCONCLUSIVE',
  'lost answer': 'INCONCLUSIVE',
  measured: 'PASS',
}

/** What fell. */
export async function expectFittingVerdict(seed: number, options: readonly string[] = []): Promise<readonly Fallen[]> {
  const weather = weatherOf(seed)
  const outcome = outcomeOf(weather)
  const shown = argumentsOf('npm run drill -- --weather 7', { seed: String(seed) })
  const drill = await startDrillCommand([...shown, ...OPTIONS, ...options]).finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  const story = [outcome, ...weather.forecast, '', ...report.reasons].join('\n')
  expect(report.verdict, story).toBe(VERDICTS[outcome])
  expect(report.setup.Note).toBe(`on a local Azure endpoint with --weather ${seed}`)
  expectOneFailover(report, outcome, story)
  if (outcome === 'no failover' || outcome === 'lost answer') expectReason(weather, report)
  return expectRecord(weather, drill.output, join(drill.folder ?? '', WEATHER_FILE))
}

/** The reader learns from the reasons what the platform said, and what was true all the same. */
function expectReason(weather: Weather, { reasons }: Report): void {
  const { eventFate, eventAnswer, operationRefusals } = weather
  const proof = reasons.find((reason) => reason.startsWith('The forced failover was not proven'))
  if (isRefused(weather)) {
    expect(proof).toContain('the platform refused the forced failover')
    return
  }
  if (eventAnswer !== 'accepted') expect(proof).toContain("the platform's answer to the request")
  else if (operationRefusals.length === 0) expect(proof).toContain('and its operation failed')
  expect(proof).toContain(eventFate.kind === 'done' ? 'rose from 1 to 2' : 'nothing had been promoted by then')
}

function expectOneFailover({ events, ledger, eventsProof }: Report, outcome: Outcome, story: string): void {
  const isFailedOver = outcome === 'measured' || outcome === 'lost answer'
  const promotions = events.flatMap(({ proof }) => proof.after?.timeline ?? [])
  expect(promotions, story).toEqual(isFailedOver ? [2] : [])
  expect(eventsProof.proven, story).toBe(outcome === 'measured')
  if (outcome === 'no containers') expect(ledger.intended).toBe(0)
  else expect(ledger, story).toMatchObject({ lost: 0, duplicates: 0, unexpected: 0, unresolved: 0 })
}

/** The command and its files say what was chosen and what fell. */
function expectRecord({ seed, forecast }: Weather, output: string, file: string): readonly Fallen[] {
  const record = JSON.parse(readFileSync(file, 'utf8')) as Pick<Weather, 'seed' | 'forecast'> & { fallen: Fallen[] }
  expect(record).toMatchObject({ seed, forecast })
  for (const sentence of forecast) expect(output).toContain(sentence)
  for (const { what } of record.fallen) expect(output).toContain(what)
  return record.fallen
}

/** The record of each kind that fell. */
const FALLEN: Readonly<Record<string, RegExp>> = {
  lateView: /^a container group that had just been created was not found/,
  overlooked: /^a container group that ran was not found/,
  refusedCreation: /^a creation was answered with (409|500) /,
  throttledCreation: /^a creation was answered with 429 /,
  slowStart: /^a container started .+ late/,
  // The app starts the first container alone, and so meets the wait and no refusal.
  freshSubnet: /^a container started .+ late/,
  busyServer: /^an event request was answered with 409 /,
  throttledFailover: /^an event request was answered with 429 /,
  lostAnswer: /^the answer of the event request was lost/,
  droppedEvent: /^an event request was accepted and the event did not happen/,
  operationWords: /^an operation reported /,
  silentOperation: /^a read of an operation was answered with /,
  newWords: /^high availability reported /,
  oldZones: /^the server showed its old zones/,
  lateMetrics: /^metrics of the last .+ were not published yet/,
  throttledMetrics: /^a read of metrics was answered with 429 /,
  shakyReads: /^a read was answered with /,
  slowDeletion: /^a deletion took /,
  refusedDeletion: /^a deletion was answered with /,
  slowAnswers: /^an answer took /,
}

export function expectAllFell({ kinds }: Weather, fallen: readonly Fallen[]): void {
  const missing = kinds.filter((kind) => !fallen.some(({ what }) => FALLEN[kind]?.test(what)))
  expect(missing, JSON.stringify(fallen, null, 2)).toEqual([])
}
