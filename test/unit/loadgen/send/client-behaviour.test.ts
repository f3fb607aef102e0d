/** A worker obeys the client of its cohort: when it connects again, how long it waits for a reply, what it checks before use. */
import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { behaviourOf } from '../../../../loadgen-image/contract/clients/behaviour.ts'
import { type ClientName, documentedSettings } from '../../../../loadgen-image/contract/clients/known-clients.ts'
import { LOAD_DEFAULTS } from '../../../../loadgen-image/contract/load-plan.ts'
import type { Recorder } from '../../../../loadgen-image/record/recorder.ts'
import { Wire } from '../../../../loadgen-image/send/connector.ts'
import { Session, type SessionHost } from '../../../../loadgen-image/send/session.ts'
import { complete, message, READY, row } from '../../../support/postgres-protocol.ts'

const RETRY = { firstDelayMs: 100, maxDelayMs: 100, multiplier: 1, jitter: false }
const INSERT = 'INSERT INTO transactions'
const EMPTY = Buffer.from('Q\0\0\0\x05\0', 'latin1')
const ACKNOWLEDGED = Buffer.concat([row('1'), complete('INSERT 0 1'), READY])
const ALIVE = Buffer.concat([message('I'), READY])
const FATAL = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating\0\0'))

let nowUs: number
/** When each attempt to connect began, and what it gets. */
let attemptsMs: number[]
let answer: () => Promise<Wire>
let sent: Buffer[]
let outcomes: unknown[]
let wire: Wire

beforeEach(() => {
  vi.useFakeTimers()
  nowUs = 0
  attemptsMs = []
  sent = []
  outcomes = []
  answer = () => {
    const socket = new Socket()
    vi.spyOn(socket, 'write').mockImplementation((bytes) => {
      sent.push(Buffer.from(bytes as Buffer))
      return true
    })
    wire = new Wire(socket)
    return Promise.resolve(wire)
  }
})
afterEach(() => void vi.useRealTimers())

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left--) {
    nowUs += 1000
    await vi.advanceTimersByTimeAsync(1)
  }
}

function sessionOf(client: ClientName): Session {
  const recorder = {
    opened: () => {},
    lost: () => {},
    connectFailed: () => {},
    acknowledged: () => outcomes.push('acknowledged'),
    failed: (_index: number, outcome: string, { code }: { code: string }) => outcomes.push([outcome, code]),
  } as unknown as Recorder
  const host: SessionHost = {
    random: () => 0.999_999,
    recorder,
    nowUs: () => nowUs,
    open: () => {
      attemptsMs.push(nowUs / 1000)
      return answer()
    },
    onConnection: () => {},
    onReply: () => {},
    onIdle: () => {},
  }
  const behaviour = behaviourOf({ retry: RETRY, ...documentedSettings(client) }, LOAD_DEFAULTS)
  return new Session(host, { index: 0, behaviour, insert: INSERT, retryInsert: null })
}

const reply = (bytes: Buffer): void => wire.receive(bytes, bytes.length)
const isInsert = (bytes: Buffer | undefined): boolean => bytes?.toString('latin1').includes(INSERT) ?? false

describe('back-off, while every attempt is refused', () => {
  test.each([
    ['pgjdbc with HikariCP', [0, 10, 30, 70, 150, 310, 630, 1270, 2550, 5110, 10_110, 15_110]],
    ['Azure guidance 5 s to 60 s', [0, 5_000, 15_000]],
    ['node-postgres pool', [0, 100, 200, 300]],
  ] as const)('%s connects again after its own delays', async (client, expected) => {
    answer = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
    sessionOf(client).connect()
    await pass(expected.at(-1) as number)
    expect(attemptsMs).toEqual(expected)
  })
})

describe('a reply that does not come', () => {
  test.each([
    ['Npgsql default', 32_000],
    ['Azure guidance 5 s to 60 s', LOAD_DEFAULTS.replyTimeoutMs],
  ] as const)('%s gives the session up after its own time', async (client, afterMs) => {
    const session = sessionOf(client)
    session.connect()
    await pass(1)
    session.send(nowUs, nowUs)
    nowUs += (afterMs - 1) * 1000
    session.checkDeadline(nowUs)
    expect(outcomes).toEqual([])
    nowUs += 1000
    session.checkDeadline(nowUs)
    expect(outcomes).toEqual([['unknown', 'reply-timeout']])
  })

  test.each(['libpq default', 'pgjdbc with HikariCP', 'node-postgres pool'] as const)(
    '%s waits until the load ends',
    async (client) => {
      const session = sessionOf(client)
      session.connect()
      await pass(1)
      session.send(nowUs, nowUs)
      nowUs += 3_600_000_000
      session.checkDeadline(nowUs)
      expect([outcomes, session.isUnfinished]).toEqual([[], true])
      session.end(nowUs)
      expect(outcomes).toEqual([['unknown', 'end-of-load']])
    },
  )
})

describe('a check before use', () => {
  async function idleFor(client: ClientName, ms: number): Promise<Session> {
    const session = sessionOf(client)
    session.connect()
    await pass(1)
    nowUs += ms * 1000
    session.send(nowUs, nowUs)
    return session
  }

  test('HikariCP asks a connection that was idle for more than 500 ms, and then sends the transaction', async () => {
    await idleFor('pgjdbc with HikariCP', 501)
    expect(sent).toEqual([EMPTY])
    reply(ALIVE)
    expect([sent.length, isInsert(sent[1]), outcomes]).toEqual([2, true, []])
    reply(ACKNOWLEDGED)
    expect(outcomes).toEqual(['acknowledged'])
  })

  test.each([
    ['pgjdbc with HikariCP', 500],
    ['node-postgres pool', 60_000],
    ['Npgsql default', 60_000],
  ] as const)('%s does not ask after %i ms', async (client, idleMs) => {
    await idleFor(client, idleMs)
    expect(sent.map(isInsert)).toEqual([true])
  })

  test('a connection that does not answer is given up after 5 s, and its transaction was never sent', async () => {
    const session = await idleFor('pgjdbc with HikariCP', 501)
    session.checkDeadline(nowUs + 4_999_000)
    expect(outcomes).toEqual([])
    session.checkDeadline(nowUs + 5_000_000)
    expect([outcomes, sent]).toEqual([[['refused', 'validation-timeout']], [EMPTY]])
  })

  test.each([
    ['the server ended it', () => reply(FATAL), '57P01'],
    ['it was closed', (session: Session) => session.onClosed(null), 'connection-closed'],
  ] as const)(
    'a connection of which the check finds that %s leaves its transaction unsent',
    async (_what, end, code) => {
      end(await idleFor('pgjdbc with HikariCP', 501))
      expect([outcomes, sent]).toEqual([[['refused', code]], [EMPTY]])
    },
  )

  test('a transaction that follows the check and loses its reply is unknown', async () => {
    const session = await idleFor('pgjdbc with HikariCP', 501)
    reply(ALIVE)
    session.onClosed(null)
    expect(outcomes).toEqual([['unknown', 'connection-closed']])
  })
})
