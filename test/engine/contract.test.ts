/** One contract, two engines: the local engine behaves towards small orchestrators as the Durable extension of Azure does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { timeouts } from '../support/timeouts.ts'
import { openBench } from '../support/with-stack.ts'
import { DIFFERENCES, ROWS, type Row } from './contract.ts'
import { type EngineHost, type EngineKind, startEngineHost, WHY_SKIPPED } from './engines.ts'

/** An engine with more at a time shows its queues instead of its habits. */
const AT_A_TIME = 8

/** All rows are observed together, because most of their time is waiting. */
function observeAll(host: Promise<EngineHost>): ReadonlyMap<string, Promise<unknown>> {
  const places = Array.from({ length: AT_A_TIME }, (): Promise<unknown> => host)
  const seen = ROWS.map(({ habit, observe }, index) => {
    const observed = Promise.all([host, places[index % AT_A_TIME]]).then(([it]) => observe(it))
    // An error belongs to its own row.
    places[index % AT_A_TIME] = observed.catch(() => undefined)
    return [habit, observed] as const
  })
  for (const [, observed] of seen) observed.catch(() => undefined)
  return new Map(seen)
}

function expectedOf({ habit, seen }: Row, kind: EngineKind): unknown {
  return kind === 'local' && DIFFERENCES[habit] !== undefined ? DIFFERENCES[habit].seen : seen
}

function holdToContract(kind: EngineKind): void {
  const bench = openBench()
  const started = Promise.withResolvers<EngineHost>()
  let seen: ReadonlyMap<string, Promise<unknown>> = new Map()
  beforeAll(async () => {
    seen = observeAll(started.promise)
    started.resolve(await startEngineHost(bench, kind))
  }, timeouts.engineStartsMs)
  afterAll(() => bench.close())

  for (const row of ROWS)
    test(row.habit, async ({ task }) => {
      const isSecondTry = (task.result?.retryCount ?? 0) > 0
      const observed = await (isSecondTry ? row.observe(await started.promise) : seen.get(row.habit))
      expect(observed, DIFFERENCES[row.habit]?.why).toEqual(expectedOf(row, kind))
    })

  test('an activity that a killed host leaves unanswered runs again, and no other activity does', {
    timeout: timeouts.drillMs,
  }, async () => {
    const host = await started.promise
    const id = await host.begin('interrupted')
    const notes = () => host.notes().flatMap((line) => (line.startsWith(id) ? [line.slice(id.length + 1)] : []))
    await eventually('the second activity runs', timeouts.engineStartsMs, () => notes().includes('second begins'))
    await host.killAndRestart()
    const { runtimeStatus, output } = await host.end(id, timeouts.failoverMs)
    expect({ runtimeStatus, output, notes: notes() }).toEqual({
      runtimeStatus: 'Completed',
      output: ['first', 'second'],
      notes: ['first begins', 'first ends', 'second begins', 'second begins', 'second ends'],
    })
  })
}

describe('on the local engine', () => holdToContract('local'))

describe('on the Durable extension', () => {
  if (WHY_SKIPPED === null) holdToContract('durable')
  else test('the contract', ({ skip }) => skip(WHY_SKIPPED ?? ''))
})

test('every difference is one of the contract', () => {
  const known = new Map(ROWS.map(({ habit, seen }) => [habit, seen]))
  for (const [habit, { seen }] of Object.entries(DIFFERENCES)) {
    expect([...known.keys()]).toContain(habit)
    expect(seen).not.toEqual(known.get(habit))
  }
})
