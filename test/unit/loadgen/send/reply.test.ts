import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ReplyHandler, ReplyReader } from '../../../../loadgen-image/send/reply.ts'
import { complete, message, READY, row } from '../../../support/postgres-protocol.ts'

const fields = (entries: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat([...Object.entries(entries).map(([key, value]) => Buffer.from(`${key}${value}\0`)), Buffer.from([0])])

const DESCRIPTION = message('T', Buffer.alloc(20))
const COMPLETE = complete('INSERT 0 1')
const ACKNOWLEDGED = Buffer.concat([DESCRIPTION, row('17'), COMPLETE, READY])
const WARNING = message('N', fields({ S: 'WARNUNG', V: 'WARNING', C: '01000', M: 'wait', R: 'SyncRepWaitForLSN' }))
const FATAL = message('E', fields({ S: 'FATAL', V: 'FATAL', C: '57P01', M: 'terminating', R: 'ProcessInterrupts' }))

function read(pieces: readonly Buffer[]): unknown[] {
  const heard: unknown[] = []
  const handler: ReplyHandler = {
    onReady: (completed, firstColumn) => heard.push(['ready', completed, firstColumn]),
    onError: (error) => heard.push(['error', error]),
    onNotice: (notice) => heard.push(['notice', notice]),
  }
  const reader = new ReplyReader(handler)
  for (const piece of pieces) {
    // As on a socket: one buffer for every read, overwritten by the next.
    const shared = Buffer.alloc(piece.length + 9, 0xff)
    piece.copy(shared)
    reader.push(shared, piece.length)
    shared.fill(0)
  }
  return heard
}

test('an acknowledgement holds the timeline of its row', () => {
  expect(read([ACKNOWLEDGED])).toEqual([['ready', true, 17]])
})

test('a reply without a row, with NULL or without a number holds no timeline', () => {
  expect(read([Buffer.concat([COMPLETE, READY])])).toEqual([['ready', true, null]])
  expect(read([Buffer.concat([row(null), COMPLETE, READY])])).toEqual([['ready', true, null]])
  expect(read([Buffer.concat([row('4f'), COMPLETE, READY])])).toEqual([['ready', true, null]])
})

test('ready without a completed command is not an acknowledgement', () => {
  expect(read([READY])).toEqual([['ready', false, null]])
})

test('a reply takes nothing over from the one before', () => {
  expect(read([ACKNOWLEDGED, READY])).toEqual([
    ['ready', true, 17],
    ['ready', false, null],
  ])
})

test('errors and notices come with severity, code, message and routine', () => {
  expect(read([Buffer.concat([WARNING, FATAL])])).toEqual([
    ['notice', { severity: 'WARNING', code: '01000', message: 'wait', routine: 'SyncRepWaitForLSN' }],
    ['error', { severity: 'FATAL', code: '57P01', message: 'terminating', routine: 'ProcessInterrupts' }],
  ])
})

test('a reply cut into packets anywhere is the same reply', () => {
  const whole = Buffer.concat([WARNING, ACKNOWLEDGED, ACKNOWLEDGED, FATAL])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 6 }), (unsorted) => {
      const cuts = [0, ...unsorted.sort((a, b) => a - b), whole.length]
      const pieces = cuts.slice(1).map((cut, i) => whole.subarray(cuts[i], cut))
      expect(read(pieces)).toEqual(read([whole]))
    }),
  )
})

test('a peer that speaks something else is an error and not an endless wait', () => {
  expect(read([Buffer.from('HTTP/1.1 400 Bad Request\r\n')])).toEqual([
    [
      'error',
      {
        severity: 'FATAL',
        code: 'protocol-error',
        message: 'the peer does not speak the PostgreSQL protocol',
        routine: '',
      },
    ],
  ])
})
