/** What a drill must end with, by the weather that fell on it: one failover at most, no container, and a verdict that fits. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { type Fallen, type Refusal, type Weather, weatherOf } from '../../infra/local/azure/arm/weather.ts'
import { WEATHER_FILE } from '../../infra/local/cli/drill-weather.ts'
import { expectHonest, MODEST, reportOf } from './drill-expectations.ts'
import { startDrillCommand } from './drill-run.ts'

/** With the default load of 45 s and a failover after 15 s: room for one pause before a failover, and not for two. */
const OPTIONS = ['--target-tps', '120', '--workers', '8', ...MODEST]

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

function outcomeOf(weather: Weather): Outcome {
  if (weather.createRefusals.some(isLong)) return 'no containers'
  const { eventRefusals, eventFate, eventAnswer } = weather
  const isRefused = eventRefusals.some(isLong) || eventRefusals.length > MAX_FAILOVER_REFUSALS
  if (isRefused || eventFate.kind === 'dropped') return 'no failover'
  return eventAnswer === 'accepted' ? 'measured' : 'lost answer'
}

const VERDICTS: Readonly<Record<Outcome, Report['verdict']>> = {
  'no containers': 'INCONCLUSIVE',
  'no failover': 'INCONCLUSIVE',
  'lost answer': 'INCONCLUSIVE',
  measured: 'PASS',
}

export async function expectFittingVerdict(seed: number): Promise<void> {
  const weather = weatherOf(seed)
  const outcome = outcomeOf(weather)
  const drill = await startDrillCommand(['--weather', String(seed), ...OPTIONS]).finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  const story = [outcome, ...weather.forecast, '', ...report.reasons].join('\n')
  expect(report.verdict, story).toBe(VERDICTS[outcome])
  expect(report.setup.Note).toBe(`on a local Azure endpoint with --weather ${seed}`)
  expectOneFailover(report, outcome, story)
  expectRecord(weather, drill.output, join(drill.folder ?? '', WEATHER_FILE))
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
function expectRecord({ seed, forecast }: Weather, output: string, file: string): void {
  const record = JSON.parse(readFileSync(file, 'utf8')) as Pick<Weather, 'seed' | 'forecast'> & { fallen: Fallen[] }
  expect(record).toMatchObject({ seed, forecast })
  for (const sentence of forecast) expect(output).toContain(sentence)
  for (const { what } of record.fallen) expect(output).toContain(what)
}
