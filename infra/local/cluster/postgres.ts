/** One PostgreSQL server: made, started, asked, stopped, killed, promoted. Which of two is the primary, the pair knows. */
import { chownSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, QueryResultRow } from 'pg'
import { makeFolder } from '../../../loadgen-image/output/make-folder.ts'
import type { HeldPort } from '../process/ports.ts'
import type { Child, Processes } from '../process/processes.ts'
import { baseEnvironment } from '../process/processes.ts'
import type { PostgresPrograms } from '../process/programs.ts'
import { outputOf, runInStack } from '../process/run-program.ts'
import type { RunUser } from '../process/run-user.ts'
import { removeSegmentOf } from '../process/shared-memory.ts'
import { waitFor } from '../process/wait.ts'
import { withLocalClient } from './local-client.ts'
import { lines, PG_HBA, postgresConf, quoted } from './postgres-config.ts'

export const SUPERUSER = 'postgres'

export interface ServerPlace {
  /** Names the server in logs and as a standby: such as zone-1. */
  readonly name: string
  readonly port: HeldPort
  readonly dataDirectory: string
  readonly superuserPassword: string
}

export interface ServerTools {
  readonly processes: Processes
  readonly programs: PostgresPrograms
  readonly user: RunUser | null
  /** A data directory that initdb has made for the same password: a copy of it replaces initdb. */
  readonly template?: string | undefined
}

export interface PostgresServer {
  readonly name: string
  readonly port: number
  readonly dataDirectory: string
  /** Null while it does not run. */
  readonly process: Child | null
  /** A new cluster with nothing in it. */
  initialise(): Promise<void>
  /** Throws away what is there and copies the running primary. */
  cloneFrom(primary: PostgresServer): Promise<void>
  /** Returns when it answers queries. */
  start(): Promise<void>
  /** Clients are cut off, a shutdown checkpoint is written, connected standbys get all of it. */
  stopFast(): Promise<void>
  /** As if the machine were gone: SIGKILL for the server and every backend, no goodbye to anyone. */
  kill(): Promise<void>
  /** Half-open: connections stay, answers stop. */
  pause(): void
  resume(): void
  /** Returns when it accepts writes on its new timeline. */
  promote(): Promise<void>
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** Of a stopped server: where its WAL ends. */
  shutdownLsn(): Promise<string>
}

const START_PATIENCE_MS = 60_000
/** Of a shutdown checkpoint on a slow disk. */
const STOP_PATIENCE_MS = 60_000

export function createServer(place: ServerPlace, tools: ServerTools): PostgresServer {
  const { name, dataDirectory } = place
  const program = (file: string) => join(tools.programs.bin, file)
  let running: Child | null = null

  const query = <Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
    withSuperuser(place, async (client) => (await client.query<Row>(sql, [...values])).rows)

  const initialise = async () => {
    makeDataDirectory(place, tools)
    await (tools.template === undefined ? initdb(place, tools) : copyTemplate(place, tools, tools.template))
    writeConfiguration(place, tools, null)
  }

  const cloneFrom = async (primary: PostgresServer) => {
    makeDataDirectory(place, tools)
    await runInStack(tools.processes, {
      name: `${name}-basebackup`,
      command: program('pg_basebackup'),
      args: ['-D', dataDirectory, '-d', conninfo(primary.port), '-X', 'stream', '-c', 'fast', '--no-sync'],
      environment: { ...baseEnvironment(), PGPASSWORD: place.superuserPassword },
      user: tools.user,
    })
    writeConfiguration(place, tools, primary)
  }

  const start = async () => {
    await place.port.release()
    const child = tools.processes.start({
      name,
      command: program('postgres'),
      args: ['-D', dataDirectory],
      user: tools.user,
      cwd: dataDirectory,
      // Fast, then immediate.
      stopSignals: ['SIGINT', 'SIGQUIT'],
      patienceMs: 10_000,
      lastSignal: 'SIGQUIT',
    })
    running = child
    void child.exited.then(() => {
      if (running === child) running = null
    })
    await waitFor(
      `${name} answers`,
      { forMs: START_PATIENCE_MS, hint: () => child.log(), giveUpIf: () => requireAlive(child) },
      () => query('SELECT 1'),
    )
  }

  const stopFast = async () => {
    const child = running
    if (child === null) return
    child.signal('SIGINT')
    await waitFor(`${name} stops`, { forMs: STOP_PATIENCE_MS, everyMs: 5, hint: () => child.log() }, () => child.exit)
  }

  const kill = async () => {
    const child = running
    if (child === null) return
    await child.killTree()
    removeSegmentOf(dataDirectory)
  }

  const promote = () =>
    withSuperuser(place, async (client) => {
      await client.query('SELECT pg_promote(false)')
      await waitFor(
        `${name} is promoted`,
        { forMs: START_PATIENCE_MS, everyMs: 5, hint: () => running?.log() ?? '' },
        async () => {
          const { rows } = await client.query<{ writable: boolean }>('SELECT NOT pg_is_in_recovery() AS writable')
          return rows[0]?.writable === true
        },
      )
    })

  const shutdownLsn = async () => {
    const text = await outputOf(program('pg_controldata'), ['-D', dataDirectory])
    const state = /^Database cluster state:\s+(.*)$/m.exec(text ?? '')?.[1]
    const lsn = /^Latest checkpoint location:\s+(\S+)$/m.exec(text ?? '')?.[1]
    if (state !== 'shut down' || lsn === undefined)
      throw new Error(`${name} was not shut down cleanly: ${state ?? 'unreadable'}`)
    return lsn
  }

  return {
    name,
    port: place.port.port,
    dataDirectory,
    get process() {
      return running
    },
    initialise,
    cloneFrom,
    start,
    stopFast,
    kill,
    pause: () => signalAll(running, 'SIGSTOP'),
    resume: () => signalAll(running, 'SIGCONT'),
    promote,
    query,
    shutdownLsn,
  }
}

async function initdb(place: ServerPlace, { processes, programs, user }: ServerTools): Promise<void> {
  const passwordFile = `${place.dataDirectory}.password`
  writeOwned(passwordFile, place.superuserPassword, user)
  const directory = ['-D', place.dataDirectory, '-U', SUPERUSER, `--pwfile=${passwordFile}`]
  // No sync: the directory never outlives the machine's uptime.
  const settings = ['-E', 'UTF8', '--locale=C', '--auth=scram-sha-256', '--no-sync']
  const command = join(programs.bin, 'initdb')
  await runInStack(processes, { name: `${place.name}-initdb`, command, args: [...directory, ...settings], user })
  rmSync(passwordFile)
}

const copyTemplate = ({ name, dataDirectory }: ServerPlace, { processes, user }: ServerTools, template: string) =>
  runInStack(processes, {
    name: `${name}-copy`,
    command: 'cp',
    args: ['-a', '--reflink=auto', `${template}/.`, dataDirectory],
    user,
  })

function requireAlive(child: Child): void {
  if (child.exit === null) return
  throw new Error(
    `${child.name} did not start (${child.exit.signal ?? `code ${child.exit.code}`}): ${child.log(2000).trim()}`,
  )
}

/** One connection per use: nothing stays open that a failover could break. */
async function withSuperuser<T>(place: ServerPlace, use: (client: Client) => Promise<T>): Promise<T> {
  const login = { user: SUPERUSER, password: place.superuserPassword, database: 'postgres' }
  return await withLocalClient(place.port.port, login, use)
}

/** Backends leave their parent's process group, so each is told. */
function signalAll(child: Child | null, signal: 'SIGSTOP' | 'SIGCONT'): void {
  child?.signalTree(signal)
}

function makeDataDirectory({ dataDirectory }: ServerPlace, { user }: ServerTools): void {
  // Also of a server that was killed by another process: with the directory goes the name of its segment.
  removeSegmentOf(dataDirectory)
  rmSync(dataDirectory, { recursive: true, force: true })
  makeFolder(dataDirectory, 0o700)
  if (user) chownSync(dataDirectory, user.uid, user.gid)
}

function writeConfiguration(place: ServerPlace, { user }: ServerTools, primary: PostgresServer | null): void {
  const file = (name: string) => join(place.dataDirectory, name)
  writeOwned(
    file('postgresql.conf'),
    postgresConf({ name: place.name, port: place.port.port }) + standbyConf(place, primary),
    user,
  )
  writeOwned(file('pg_hba.conf'), PG_HBA, user)
  // A clone brings what the primary was told while it ran; a standby starts without.
  writeOwned(file('postgresql.auto.conf'), '', user)
  if (primary !== null) writeOwned(file('standby.signal'), '', user)
}

/** For libpq: without what it would take from the home folder of the user who runs it (certificates, tickets). */
const conninfo = (port: number): string =>
  `host=127.0.0.1 port=${port} user=${SUPERUSER} sslmode=disable gssencmode=disable`

function standbyConf(place: ServerPlace, primary: PostgresServer | null): string {
  if (primary === null) return ''
  const source = `${conninfo(primary.port)} password=${quoted(place.superuserPassword)} application_name=${quoted(place.name)}`
  return lines({ primary_conninfo: source, recovery_target_timeline: 'latest' })
}

export function writeOwned(path: string, content: string, user: RunUser | null): void {
  writeFileSync(path, content, { mode: 0o600 })
  if (user) chownSync(path, user.uid, user.gid)
}
