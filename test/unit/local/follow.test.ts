/** Following a drill through lost connections and aborts, on a clock of the test. */
import { expect, test } from 'vitest'
import { type Course, courseHere, followToEnd, Left } from '../../../infra/local/cli/follow.ts'

type Answer = 'running' | 'finished' | 'lost'

function aCourse(own: Partial<Course> = {}) {
  let nowMs = 0
  const said: string[] = []
  const course: Course = {
    ...courseHere('drill'),
    pollMs: 2_000,
    silenceMs: 60_000,
    abortMs: null,
    words: { aborting: 'aborting', silent: 'silent', left: 'left' },
    onLost: (words) => said.push(`lost: ${words}`),
    onBack: (ms) => said.push(`back after ${ms}`),
    clock: {
      nowMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms
      },
    },
    ...own,
  }
  return { course, said, nowMs: () => nowMs }
}

function aDrill(answerAt: (nowMs: number) => Answer, nowMs: () => number) {
  const aborts: number[] = []
  const seen: string[] = []
  return {
    aborts,
    seen,
    followed: {
      read: async () => {
        const state = answerAt(nowMs())
        if (state === 'lost') throw new Error('ECONNREFUSED')
        return { state }
      },
      abort: async () => {
        aborts.push(nowMs())
        if (answerAt(nowMs()) === 'lost') throw Object.assign(new Error('ECONNREFUSED'), { mayPass: true })
      },
      onStatus: ({ state }: { readonly state: string }) => void seen.push(state),
      say: (words: string) => void seen.push(words),
    },
  }
}

const NEVER = new AbortController().signal

test('a connection that is lost for 20 s is survived, and said once', async () => {
  const { course, said, nowMs } = aCourse()
  const { followed } = aDrill((at) => (at < 10_000 ? 'running' : at < 30_000 ? 'lost' : 'finished'), nowMs)
  expect(await followToEnd(followed, course, NEVER)).toEqual({ state: 'finished' })
  expect(said).toEqual(['lost: ECONNREFUSED', expect.stringMatching(/^back after 2\d{4}$/)])
})

test('after its time a lost connection ends the command, and says so', async () => {
  const { course, nowMs } = aCourse()
  const { followed } = aDrill(() => 'lost', nowMs)
  await expect(followToEnd(followed, course, NEVER)).rejects.toThrow('silent')
  expect(nowMs()).toBe(60_000)
})

test('an abort while the connection is lost is requested until the app has it, and then the report is waited for', async () => {
  const { course, nowMs } = aCourse()
  const { followed, aborts, seen } = aDrill(
    (at) => (at < 9_000 ? 'lost' : at < 300_000 ? 'running' : 'finished'),
    nowMs,
  )
  await followToEnd(followed, course, AbortSignal.abort('SIGINT'))
  expect(aborts.length).toBeGreaterThan(2)
  expect(aborts.filter((at) => at >= 9_000)).toHaveLength(1)
  expect([seen.filter((words) => words === 'aborting'), seen.at(-1)]).toEqual([['aborting'], 'finished'])
})

test('an abort that the app refuses is said once, and not repeated', async () => {
  const { course, nowMs } = aCourse()
  const { followed, seen } = aDrill((at) => (at < 20_000 ? 'running' : 'finished'), nowMs)
  const abort = () => Promise.reject(new Error('HTTP 403'))
  await followToEnd({ ...followed, abort }, course, AbortSignal.abort('SIGINT'))
  expect(seen.filter((words) => words.startsWith('The abort'))).toEqual(['The abort was refused: HTTP 403'])
})

test('a terminal that closes aborts nothing: the command leaves', async () => {
  const { course, nowMs } = aCourse({ leavesOn: ['SIGHUP'] })
  const { followed, aborts } = aDrill((at) => (at < 60_000 ? 'running' : 'finished'), nowMs)
  await expect(followToEnd(followed, course, AbortSignal.abort('SIGHUP'))).rejects.toBeInstanceOf(Left)
  expect(aborts).toEqual([])
})

test('Ctrl-C leaves with what is enough, and aborts nothing', async () => {
  const { course, nowMs } = aCourse()
  const { followed, aborts } = aDrill(() => 'running', nowMs)
  const controller = new AbortController()
  const onStatus = () => (nowMs() >= 10_000 ? controller.abort('SIGINT') : undefined)
  const last = await followToEnd({ ...followed, onStatus, isEnough: () => true }, course, controller.signal)
  expect({ last, aborts }).toEqual({ last: { state: 'running' }, aborts: [] })
})

test('on this machine what was aborted must end in its time', async () => {
  const { course, nowMs } = aCourse({ abortMs: 90_000 })
  const { followed } = aDrill(() => 'running', nowMs)
  await expect(followToEnd(followed, course, AbortSignal.abort('SIGINT'))).rejects.toThrow(
    'within 90 s after its abort',
  )
})
