/**
 * Free ports on 127.0.0.1, below the system's range for outgoing connections. PgBouncer's port is closed for a moment in every
 * failover; a client that dials a closed port of that range can get the same port as its own, connect to itself, and so block
 * PgBouncer's restart.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { CannotRun } from './problem.ts'
import { portsInUse, type StackFolder } from './stack-folder.ts'

export interface HeldPort {
  readonly port: number
  /** Frees the port, right before the program that listens on it starts. */
  release(): Promise<number>
}

const MIN_PORT = 15_000

/** Holds the port until it is released, and reserves it until the stack ends. */
export async function holdFreePort(folder: StackFolder): Promise<HeldPort> {
  const others = portsInUse()
  const highest = firstOutgoingPort() - 1
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = MIN_PORT + Math.floor(Math.random() * (highest - MIN_PORT))
    const server = others.has(port) ? null : await listen(port)
    if (server === null) continue
    folder.reserve(port)
    return { port, release: () => close(server).then(() => port) }
  }
  throw new CannotRun(
    `No free port was found on 127.0.0.1 between ${MIN_PORT} and ${highest}. Stop some programs and try again`,
  )
}

/** The port that a user requested. */
export async function holdPort(port: number, hint: string): Promise<HeldPort> {
  const server = await listen(port)
  if (server === null) throw new CannotRun(`Port ${port} on 127.0.0.1 is in use by another program. ${hint}`)
  return { port, release: () => close(server).then(() => port) }
}

function firstOutgoingPort(): number {
  try {
    const first = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0])
    return first > MIN_PORT + 1_000 ? first : 49_152
  } catch {
    return 49_152 // IANA's range, and that of macOS.
  }
}

function listen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server))
  })
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
