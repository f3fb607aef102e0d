/** Which calls are repeated, when, and for how long; on a clock of the test. */
import { expect, test } from 'vitest'
import { type Clock, createPatience, type Trouble, untilAnswered } from '../../../infra/local/http/patience.ts'

class Failure extends Error implements Trouble {
  readonly mayPass: boolean
  readonly afterMs: number | null
  get words(): string {
    return this.message
  }
  constructor(mayPass: boolean, afterMs: number | null = null) {
    super('no answer')
    this.mayPass = mayPass
    this.afterMs = afterMs
  }
}

function aClock() {
  let nowMs = 1_000
  const pauses: number[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      pauses.push(ms)
      nowMs += ms
    },
  }
  return {
    clock,
    pauses,
    elapse: (ms: number) => {
      nowMs += ms
    },
  }
}

const OPTIONS = { forMs: 20_000, maxPauseMs: 4_000 }

test('pauses grow to their longest, and the last try is made when the time is over', async () => {
  const { clock, pauses } = aClock()
  let calls = 0
  const call = async () => {
    calls += 1
    throw new Failure(true)
  }
  await expect(untilAnswered(call, { ...OPTIONS, clock })).rejects.toThrow('no answer')
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 250])
  expect([calls, pauses.reduce((sum, ms) => sum + ms, 0)]).toEqual([10, 20_000])
})

test('what no later call changes is not repeated', async () => {
  const { clock, pauses } = aClock()
  for (const error of [new Failure(false), new TypeError('a defect')]) {
    const thrown = await untilAnswered(() => Promise.reject(error), { ...OPTIONS, clock }).catch((one) => one)
    expect(thrown).toBe(error)
  }
  expect(pauses).toEqual([])
})

test('a pause that the app asks for is kept, within the time that is left', () => {
  const { clock, elapse } = aClock()
  const patience = createPatience({ ...OPTIONS, clock })
  expect(patience.pauseMs(new Failure(true, 7_000))).toBe(7_000)
  elapse(7_000)
  expect(patience.pauseMs(new Failure(true, 10))).toBe(500)
  elapse(500)
  expect(patience.pauseMs(new Failure(true, 3_600_000))).toBe(12_500)
  elapse(12_500)
  expect(patience.pauseMs(new Failure(true))).toBeNull()
})

test('a loss is said once and its end once, and the time begins again after an answer', async () => {
  const { clock } = aClock()
  const said: string[] = []
  const patience = createPatience({
    ...OPTIONS,
    clock,
    onLost: (words) => said.push(words),
    onBack: (ms) => said.push(`back after ${ms}`),
  })
  patience.answered()
  for (let loss = 0; loss < 2; loss++) {
    for (let i = 0; i < 5; i++) await clock.sleep(patience.pauseMs(new Failure(true)) ?? 0)
    patience.answered()
    patience.answered()
  }
  expect(said).toEqual(['no answer', 'back after 7750', 'no answer', 'back after 7750'])
})

test('an answer after three losses is the answer', async () => {
  const { clock, pauses } = aClock()
  let calls = 0
  const call = async () => {
    calls += 1
    if (calls < 4) throw new Failure(true)
    return calls
  }
  expect(await untilAnswered(call, { ...OPTIONS, clock })).toBe(4)
  expect(pauses).toEqual([250, 500, 1_000])
})
