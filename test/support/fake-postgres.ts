/** A listener that answers a login as its test says, and remembers what each client sent first. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { complete, int16, int32, message, READY, row, SSL_REQUEST, text } from './postgres-protocol.ts'

export type Answer =
  | { readonly kind: 'welcome'; readonly readOnly?: boolean }
  | { readonly kind: 'password' }
  | { readonly kind: 'error'; readonly code: string }
  /** Accepts the connection, and says nothing. */
  | { readonly kind: 'silence' }

export interface FakePostgres {
  readonly port: number
  readonly path: string
  /** The startup messages, in order: a request for TLS, or the parameters. */
  readonly heard: readonly (Readonly<Record<string, string>> | 'tls?')[]
  readonly open: number
}

/** At an address of this machine, or in a folder as a unix socket. */
export async function fakePostgres(
  answer: Answer,
  { host = '127.0.0.1', port = 0, folder }: { host?: string; port?: number; folder?: string } = {},
): Promise<FakePostgres> {
  const heard: (Record<string, string> | 'tls?')[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    serve(socket, answer, heard)
  })
  const path = `${folder}/.s.PGSQL.5432`
  server.listen(folder === undefined ? { host, port } : { path })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 5432,
    path,
    heard,
    get open() {
      return sockets.size
    },
  }
}

function serve(socket: Socket, answer: Answer, heard: (Record<string, string> | 'tls?')[]): void {
  let isLoggedIn = false
  socket.on('data', (bytes) => {
    if (answer.kind === 'silence') return
    if (isLoggedIn) {
      if (bytes[0] === 0x51) socket.write(rowOf(answer.kind === 'welcome' && answer.readOnly ? 'on' : 'off'))
      return
    }
    if (bytes.readUInt32BE(4) === SSL_REQUEST) {
      heard.push('tls?')
      socket.write('N')
      return
    }
    heard.push(parametersIn(bytes))
    isLoggedIn = true
    if (answer.kind === 'welcome') socket.write(Buffer.concat([message('R', int32(0)), READY]))
    else if (answer.kind === 'password') socket.write(message('R', int32(3)))
    else socket.end(message('E', text('SFATAL', `C${answer.code}`, `M${answer.code}`, '')))
  })
}

function parametersIn(bytes: Buffer): Record<string, string> {
  const words = bytes
    .subarray(8, bytes.readUInt32BE(0) - 1)
    .toString('utf8')
    .split('\0')
  return Object.fromEntries(
    words.flatMap((word, i) => (i % 2 === 0 && word !== '' ? [[word, words[i + 1] ?? '']] : [])),
  )
}

const COLUMN = Buffer.from('000000000000000000190000ffffffff0000', 'hex')

/** The answer to SHOW transaction_read_only. */
const rowOf = (value: string): Buffer =>
  Buffer.concat([message('T', int16(1), text('transaction_read_only'), COLUMN), row(value), complete('SHOW'), READY])
