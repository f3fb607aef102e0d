import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withoutSecrets } from '../../../../loadgen-image/contract/redact.ts'
import type { AccessToken } from '../../../../loadgen-image/identity/credential.ts'
import { DatabaseToken, type LoginToken } from '../../../../loadgen-image/identity/database-token.ts'

const ACCESS = { scope: 'https://database.example/.default', clientId: null }
const HOUR_MS = 3_600_000

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Answers with the token of the moment; null: it has none; 'hangs': no answer at all. */
function endpoint() {
  const state = { token: 'token-number-1', validForMs: HOUR_MS, answers: 'yes' as 'yes' | 'no' | 'hangs', asked: 0 }
  const getToken = async (): Promise<AccessToken | null> => {
    state.asked++
    if (state.answers === 'hangs') return await new Promise(() => {})
    return state.answers === 'no' ? null : { token: state.token, expiresOnTimestamp: Date.now() + state.validForMs }
  }
  return { state, getToken }
}

async function kept(source: ReturnType<typeof endpoint>) {
  const token = new DatabaseToken(ACCESS, source)
  const reported: LoginToken[] = []
  const lines: string[] = []
  await token.fetch()
  token.keepFresh(
    (one) => reported.push(one),
    (line) => lines.push(line),
  )
  return { token, reported, lines }
}

test('a load gets the token that is known at once, and each new one once', async () => {
  const source = endpoint()
  const { reported } = await kept(source)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(reported).toEqual([{ token: 'token-number-1', isStale: false }])
  source.state.token = 'token-number-2'
  await vi.advanceTimersByTimeAsync(120_000)
  expect(reported.slice(1)).toEqual([{ token: 'token-number-2', isStale: false }])
})

test('over five hours a token that lives for one is always renewed before its end', async () => {
  const issuedAtMs = new Map<string, number>()
  const source = {
    // As the SDK: the known one until 5 minutes before its end.
    getToken: async (): Promise<AccessToken> => {
      const [token, atMs] = [...issuedAtMs].at(-1) ?? ['', Number.NEGATIVE_INFINITY]
      if (Date.now() < atMs + HOUR_MS - 300_000) return { token, expiresOnTimestamp: atMs + HOUR_MS }
      const next = `token-number-${issuedAtMs.size + 1}`
      issuedAtMs.set(next, Date.now())
      return { token: next, expiresOnTimestamp: Date.now() + HOUR_MS }
    },
  }
  const token = new DatabaseToken(ACCESS, source)
  let current = await token.fetch()
  token.keepFresh(
    (one) => {
      current = one.token
    },
    () => {},
  )
  let shortestLeftMs = Number.POSITIVE_INFINITY
  for (let minute = 0; minute < 300; minute++) {
    await vi.advanceTimersByTimeAsync(60_000)
    shortestLeftMs = Math.min(shortestLeftMs, (issuedAtMs.get(current) ?? 0) + HOUR_MS - Date.now())
  }
  expect(issuedAtMs.size).toBeGreaterThanOrEqual(5)
  expect(shortestLeftMs).toBeGreaterThan(60_000)
})

test('while the endpoint fails the known token stays, and it is stale only after its end', async () => {
  const source = endpoint()
  source.state.validForMs = 120_000
  const { reported, lines } = await kept(source)
  source.state.answers = 'no'
  await vi.advanceTimersByTimeAsync(100_000)
  expect(reported).toHaveLength(1)
  expect(lines[0]).toContain('the identity endpoint gave no database token')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(reported.slice(1)).toEqual([{ token: 'token-number-1', isStale: true }])
  source.state.answers = 'yes'
  source.state.token = 'token-number-2'
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reported.slice(2)).toEqual([{ token: 'token-number-2', isStale: false }])
})

test('a token that has expired by a clock that is hours ahead is used as long as the endpoint gives no other', async () => {
  const source = endpoint()
  source.state.validForMs = -HOUR_MS
  const { reported } = await kept(source)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(reported).toEqual([{ token: 'token-number-1', isStale: false }])
})

test('an endpoint that never answers fails the first fetch, and does not end the renewal', async () => {
  const source = endpoint()
  source.state.answers = 'hangs'
  const first = new DatabaseToken(ACCESS, source).fetch()
  const failed = expect(first).rejects.toThrow('no answer in time')
  await vi.advanceTimersByTimeAsync(61_000)
  await failed
  source.state.answers = 'yes'
  const { reported } = await kept(source)
  source.state.answers = 'hangs'
  await vi.advanceTimersByTimeAsync(45_000)
  source.state.answers = 'yes'
  source.state.token = 'token-number-2'
  await vi.advanceTimersByTimeAsync(120_000)
  expect(reported.at(-1)).toEqual({ token: 'token-number-2', isStale: false })
})

test('after stop the endpoint is asked no more', async () => {
  const source = endpoint()
  const { token } = await kept(source)
  token.stop()
  const { asked } = source.state
  await vi.advanceTimersByTimeAsync(HOUR_MS)
  expect(source.state.asked).toBe(asked)
})

test('a token that was fetched is in no later text', async () => {
  const source = endpoint()
  source.state.token = 'opaque~database.token'
  await new DatabaseToken(ACCESS, source).fetch()
  expect(withoutSecrets('the server says: opaque~database.token is refused')).not.toContain('opaque')
})
