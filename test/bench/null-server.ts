/**
 * A server that speaks just enough of the PostgreSQL protocol to answer the transaction, and does nothing: what remains is the
 * price of the load generator. Runs in a process of its own: `node null-server.ts LATENCY_MS` prints its port.
 * SIGUSR2 freezes the answers, and a second one lets them go.
 */
import { createServer, type Socket } from 'node:net'
import { complete, int16, int32, message, READY, row, SSL_REQUEST, text } from '../support/postgres-protocol.ts'

const TERMINATE = 'X'.charCodeAt(0)
const QUERY = 'Q'.charCodeAt(0)

const LOGIN = Buffer.concat([
  message('R', int32(0)),
  message('S', text('server_version'), text('15.0')),
  message('K', int32(1), int32(1)),
  READY,
])
const COLUMN = Buffer.concat([text('timeline'), int32(0), int16(0), int32(23), int16(4), int32(-1), int16(0)])
const INSERTED = Buffer.concat([message('T', int16(1), COLUMN), row('1'), complete('INSERT 0 1'), READY])

const latencyMs = Number(process.argv[2] ?? 0)
let isFrozen = false
let owed: Socket[] = []

/** Answers that are due at the same millisecond share a timer. */
const due = new Map<number, Socket[]>()

function answer(socket: Socket): void {
  if (isFrozen) owed.push(socket)
  else if (latencyMs === 0) socket.write(INSERTED)
  else answerLater(socket)
}

function answerLater(socket: Socket): void {
  const at = Math.ceil(performance.now() + latencyMs)
  const waiting = due.get(at)
  if (waiting !== undefined) waiting.push(socket)
  else {
    due.set(at, [socket])
    setTimeout(() => {
      for (const ready of due.get(at) ?? []) if (!ready.destroyed) ready.write(INSERTED)
      due.delete(at)
    }, at - performance.now())
  }
}

function serve(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  let isLoggedIn = false
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    let buffer = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    if (!isLoggedIn && buffer.length >= 8) {
      if (buffer.readUInt32BE(4) === SSL_REQUEST) {
        socket.write('N')
        buffer = buffer.subarray(8)
      } else {
        isLoggedIn = true
        socket.write(LOGIN)
        buffer = buffer.subarray(buffer.readUInt32BE(0))
      }
    }
    while (isLoggedIn && buffer.length >= 5 && buffer.length > buffer.readUInt32BE(1)) {
      if (buffer[0] === QUERY) answer(socket)
      if (buffer[0] === TERMINATE) socket.end()
      buffer = buffer.subarray(1 + buffer.readUInt32BE(1))
    }
    rest = buffer
  })
}

process.on('SIGUSR2', () => {
  isFrozen = !isFrozen
  if (isFrozen) return
  const waiting = owed
  owed = []
  for (const socket of waiting) if (!socket.destroyed) socket.write(INSERTED)
})

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`)
})
