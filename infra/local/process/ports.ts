/**
 * Free ports on 127.0.0.1, beside the system's range for outgoing connections. PgBouncer's port is closed for a moment in every
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
const MAX_PORT = 65_535
/** Fewer would be used up by stacks side by side. */
const MIN_PORTS = 1_000

/** Holds the port until it is released, and reserves it until the stack ends. */
export async function holdFreePort(folder: StackFolder): Promise<HeldPort> {
  const others = portsInUse()
  const { first, last, step } = portsBeside(outgoingPorts())
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = first + step * Math.floor((Math.random() * (last - first + 1)) / step)
    const server = others.has(port) ? null : await listen(port)
    if (server === null) continue
    folder.reserve(port)
    return { port, release: () => close(server).then(() => port) }
  }
  throw new CannotRun(
    `No free port was found on 127.0.0.1 between ${first} and ${last}. Stop some programs and try again`,
  )
}

/** The port that a user requested. */
export async function holdPort(port: number, hint: string): Promise<HeldPort> {
  const server = await listen(port)
  if (server === null) throw new CannotRun(`Port ${port} on 127.0.0.1 is in use by another program. ${hint}`)
  return { port, release: () => close(server).then(() => port) }
}

interface Ports {
  readonly first: number
  readonly last: number
}

/** IANA's range, and that of macOS. */
const DEFAULT_OUTGOING: Ports = { first: 49_152, last: MAX_PORT }

/**
 * The ports below the system's range, or above it. Where the range is all of them, every second port of its end: Linux gives those
 * of the range's first port's parity to outgoing connections, and the others only when these are used up.
 */
export function portsBeside(outgoing: Ports): Ports & { readonly step: number } {
  const below = { first: MIN_PORT, last: outgoing.first - 1, step: 1 }
  const above = { first: outgoing.last + 1, last: MAX_PORT, step: 1 }
  const beside = [below, above].find(({ first, last }) => last - first + 1 >= MIN_PORTS)
  if (beside !== undefined) return beside
  const half = Math.max(MIN_PORT, Math.floor((outgoing.first + outgoing.last) / 2))
  return { first: half + (half % 2 === outgoing.first % 2 ? 1 : 0), last: MAX_PORT, step: 2 }
}

function outgoingPorts(): Ports {
  try {
    const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number)
    return first > 0 && last > first ? { first, last } : DEFAULT_OUTGOING
  } catch {
    return DEFAULT_OUTGOING
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
