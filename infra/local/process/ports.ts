/**
 * Free ports on 127.0.0.1. They are taken from below the range that the system hands to outgoing connections: PgBouncer's
 * port is closed for a moment in every failover, and a client that dials a closed port of that range can be given the very
 * same port as its own, connect to itself, and keep PgBouncer from coming back.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { CannotRun } from './problem.ts'
import { portsInUse, type StackFolder } from './stack-folder.ts'

export interface HeldPort {
  readonly port: number
  /** Gives the port up, right before the program that wants it is started. */
  release(): Promise<number>
}

const LOWEST = 15_000

/** Keeps the port until released, and keeps it on record for as long as the stack lives. */
export async function holdFreePort(folder: StackFolder): Promise<HeldPort> {
  const others = portsInUse()
  const highest = firstOutgoingPort() - 1
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (highest - LOWEST))
    const server = others.has(port) ? null : await listen(port)
    if (server === null) continue
    folder.reserve(port)
    return { port, release: () => close(server).then(() => port) }
  }
  throw new CannotRun(
    `No free port was found on 127.0.0.1 between ${LOWEST} and ${highest}. Stop some programs and try again`,
  )
}

/** A port that a user asked for. */
export async function holdPort(port: number, hint: string): Promise<HeldPort> {
  const server = await listen(port)
  if (server === null) throw new CannotRun(`Port ${port} on 127.0.0.1 is taken by another program. ${hint}`)
  return { port, release: () => close(server).then(() => port) }
}

function firstOutgoingPort(): number {
  try {
    const first = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0])
    return first > LOWEST + 1_000 ? first : 49_152
  } catch {
    return 49_152 // The range of the standard, and of macOS.
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
