/** One PostgreSQL server as a process. It can be a primary or a standby; the pair decides which. */
import { execFile } from 'node:child_process'
import { chownSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, QueryResultRow } from 'pg'
import { withClient } from '../../../../loadgen-image/connection/log-in.ts'
import { oneServer } from '../../../../loadgen-image/connection/target.ts'
import { makeFolder } from '../../../../loadgen-image/output/make-folder.ts'
import type { HeldPort } from '../../process/ports.ts'
import { baseEnvironment, type Child, type Processes, runInStack } from '../../process/processes.ts'
import type { PostgresPrograms } from '../../process/programs.ts'
import type { RunUser } from '../../process/run-user.ts'
import { removeSegmentOf } from '../../process/shared-memory.ts'
import { waitFor } from '../../process/wait.ts'
import { lines, PG_HBA, postgresConf, quoted } from './postgres-config.ts'

const SUPERUSER = 'postgres'

export interface ServerPlace {
  /** Names the server in logs and as a standby: such as zone-1. */
  readonly name: string
  readonly port: HeldPort
  readonly dataDirectory: string
  readonly superuserPassword: string
}

/** Where a standby gets its WAL from. */
export interface WalSource {
  readonly port: number
  /** Keeps the WAL on the source until this standby has it. */
  readonly slot?: string
  /** When the WAL comes late by intent: a longer silence is no reason to connect again. */
  readonly receiverTimeoutMs?: number
}

export interface ServerTools {
  readonly processes: Processes
  readonly programs: PostgresPrograms
  readonly user: RunUser | null
  /** A data directory that initdb has made for the same password: a copy of it replaces initdb. */
  readonly template?: string | undefined
}

const START_TIMEOUT_MS = 60_000
/** Of a shutdown checkpoint on a slow disk. */
const STOP_TIMEOUT_MS = 60_000

export class PostgresServer {
  readonly name: string
  readonly port: number
  readonly dataDirectory: string
  readonly #place: ServerPlace
  readonly #tools: ServerTools
  #child: Child | null = null

  constructor(place: ServerPlace, tools: ServerTools) {
    this.name = place.name
    this.port = place.port.port
    this.dataDirectory = place.dataDirectory
    this.#place = place
    this.#tools = tools
  }

  /** Null while the server does not run. */
  get process(): Child | null {
    return this.#child?.exit === null ? this.#child : null
  }

  /** Makes an empty data directory. */
  async initialise(): Promise<void> {
    const [place, tools] = [this.#place, this.#tools]
    makeDataDirectory(place, tools)
    await (tools.template === undefined ? initdb(place, tools) : copyTemplate(place, tools, tools.template))
    writeConfiguration(place, tools, null)
  }

  /** Replaces the data directory by a copy of the running primary; the copy is its standby. */
  async cloneFrom(primary: PostgresServer, source: WalSource = primary): Promise<void> {
    const [place, tools] = [this.#place, this.#tools]
    makeDataDirectory(place, tools)
    await runInStack(tools.processes, {
      name: `${this.name}-basebackup`,
      command: join(tools.programs.bin, 'pg_basebackup'),
      args: ['-D', place.dataDirectory, '-d', conninfo(primary.port), '-X', 'stream', '-c', 'fast', '--no-sync'],
      environment: { ...baseEnvironment(), PGPASSWORD: place.superuserPassword },
      user: tools.user,
    })
    writeConfiguration(place, tools, source)
  }

  /** The stopped server, as it is, becomes a standby at its next start. */
  follow(source: WalSource): void {
    writeConfiguration(this.#place, this.#tools, source)
  }

  /** Removes from the stopped server what it wrote after the primary had left its history; then it can follow. */
  async rewindTo(primary: PostgresServer): Promise<void> {
    const { processes, programs, user } = this.#tools
    // The rewind reads the new timeline from the control file, which knows of it after the next checkpoint.
    await primary.query('CHECKPOINT')
    await runInStack(processes, {
      name: `${this.name}-rewind`,
      command: join(programs.bin, 'pg_rewind'),
      args: ['-D', this.dataDirectory, `--source-server=${conninfo(primary.port)} dbname=postgres`, '--no-sync'],
      environment: { ...baseEnvironment(), PGPASSWORD: this.#place.superuserPassword },
      user,
    })
  }

  /** Sets the stopped server's data aside, for a look at what only this server had. Earlier ones are removed. */
  setDataAside(): string {
    const aside = `${this.dataDirectory}-fenced`
    rmSync(aside, { recursive: true, force: true })
    renameSync(this.dataDirectory, aside)
    return aside
  }

  /** Returns when the server answers queries. */
  async start(): Promise<void> {
    const { port, dataDirectory } = this.#place
    const { processes, programs, user } = this.#tools
    await port.release()
    const child = processes.start({
      name: this.name,
      command: join(programs.bin, 'postgres'),
      args: ['-D', dataDirectory],
      user,
      cwd: dataDirectory,
      // Fast, then immediate.
      stopSignals: ['SIGINT', 'SIGQUIT'],
      patienceMs: 10_000,
      lastSignal: 'SIGQUIT',
    })
    this.#child = child
    const limits = { forMs: START_TIMEOUT_MS, hint: () => child.log(), giveUpIf: () => requireAlive(child) }
    await waitFor(`${this.name} answers`, limits, () => this.query('SELECT 1'))
  }

  /** Fast shutdown: disconnects clients, writes a checkpoint, and sends connected standbys the remaining WAL. */
  async stopFast(): Promise<void> {
    const child = this.process
    if (child === null) return
    child.signal('SIGINT')
    const limits = { forMs: STOP_TIMEOUT_MS, everyMs: 5, hint: () => child.log() }
    await waitFor(`${this.name} stops`, limits, () => child.exit)
  }

  /** As if the machine were gone: SIGKILL for the server and all backends, which close no connection in order. */
  async kill(): Promise<void> {
    if (this.process === null) return
    await this.process.killTree()
    removeSegmentOf(this.dataDirectory)
  }

  /** Half-open: connections stay, answers stop. Backends have process groups of their own, so the whole tree gets the signal. */
  pause(): void {
    this.process?.signalTree('SIGSTOP')
  }

  resume(): void {
    this.process?.signalTree('SIGCONT')
  }

  /** Returns when the server accepts writes on its new timeline. */
  async promote(): Promise<void> {
    await this.#asSuperuser(async (client) => {
      await client.query('SELECT pg_promote(false)')
      const limits = { forMs: START_TIMEOUT_MS, everyMs: 5, hint: () => this.process?.log() ?? '' }
      await waitFor(`${this.name} is promoted`, limits, async () => {
        const { rows } = await client.query<{ writable: boolean }>('SELECT NOT pg_is_in_recovery() AS writable')
        return rows[0]?.writable === true
      })
    })
  }

  query<Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#asSuperuser(async (client) => (await client.query<Row>(sql, [...values])).rows)
  }

  /** Where the WAL of the stopped server ends. */
  async shutdownLsn(): Promise<string> {
    const text = await outputOf(join(this.#tools.programs.bin, 'pg_controldata'), ['-D', this.dataDirectory])
    const state = /^Database cluster state:\s+(.*)$/m.exec(text ?? '')?.[1]
    const lsn = /^Latest checkpoint location:\s+(\S+)$/m.exec(text ?? '')?.[1]
    if (state !== 'shut down' || lsn === undefined)
      throw new Error(`${this.name} was not shut down cleanly: ${state ?? 'unreadable'}`)
    return lsn
  }

  #asSuperuser<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const login = { user: SUPERUSER, password: this.#place.superuserPassword, database: 'postgres' }
    return withLocalClient(this.port, login, use)
  }
}

// ---- Connections ----------------------------------------------------------------------------------------------------

interface Login {
  readonly user: string
  readonly password: string
  readonly database: string
}

/** On a busy machine a login takes seconds, and the first one that is given up ends an operation as failed. */
const CONNECT_TIMEOUT_MS = 10_000

/** Over loopback, without TLS. One connection per use: no connection stays open that a failover could break. */
export function withLocalClient<T>(
  port: number,
  { user, password, database }: Login,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const target = oneServer({ host: '127.0.0.1', port, user, password, database })
  return withClient(target, { timeoutMs: CONNECT_TIMEOUT_MS }, use)
}

// ---- Programs and files ---------------------------------------------------------------------------------------------

/** Standard output of a short program; null when it failed. */
function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) =>
    execFile(command, [...args], { env: baseEnvironment(), timeout: 15_000 }, (error, stdout) =>
      resolve(error ? null : stdout),
    ),
  )
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

function makeDataDirectory({ dataDirectory }: ServerPlace, { user }: ServerTools): void {
  // First: the data directory holds the name of the segment that a killed server left.
  removeSegmentOf(dataDirectory)
  rmSync(dataDirectory, { recursive: true, force: true })
  makeFolder(dataDirectory, 0o700)
  if (user) chownSync(dataDirectory, user.uid, user.gid)
}

function writeConfiguration(place: ServerPlace, { user }: ServerTools, source: WalSource | null): void {
  const file = (name: string) => join(place.dataDirectory, name)
  writeOwned(
    file('postgresql.conf'),
    postgresConf({ name: place.name, port: place.port.port }) + standbyConf(place, source),
    user,
  )
  writeOwned(file('pg_hba.conf'), PG_HBA, user)
  // A clone holds the primary's ALTER SYSTEM settings; a standby starts without them.
  writeOwned(file('postgresql.auto.conf'), '', user)
  if (source !== null) writeOwned(file('standby.signal'), '', user)
}

/** For libpq: sslmode and gssencmode stop it from reading certificates and tickets in the user's home folder. */
const conninfo = (port: number): string =>
  `host=127.0.0.1 port=${port} user=${SUPERUSER} sslmode=disable gssencmode=disable`

function standbyConf({ name, superuserPassword }: ServerPlace, source: WalSource | null): string {
  if (source === null) return ''
  const { port, slot, receiverTimeoutMs } = source
  return lines({
    primary_conninfo: `${conninfo(port)} password=${quoted(superuserPassword)} application_name=${quoted(name)}`,
    recovery_target_timeline: 'latest',
    ...(slot !== undefined && { primary_slot_name: slot }),
    ...(receiverTimeoutMs !== undefined && { wal_receiver_timeout: receiverTimeoutMs }),
  })
}

export function writeOwned(path: string, content: string, user: RunUser | null): void {
  writeFileSync(path, content, { mode: 0o600 })
  if (user) chownSync(path, user.uid, user.gid)
}
