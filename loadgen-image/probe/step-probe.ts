/**
 * The step probe of a container: beside the load, every 100 ms one attempt straight to PostgreSQL and one through PgBouncer, each
 * recorded by how far it got. It runs in the main thread, where no worker of the load waits for it. Due times depend on the clock
 * alone; a slow attempt delays no other. The stale-primary watch goes with it.
 */
import { isIP } from 'node:net'
import { addressesOf, withClient } from '../connection/log-in.ts'
import { isSocketFolder, type ServerTarget, withPassword } from '../connection/target.ts'
import { US_PER_SECOND } from '../contract/glossary.ts'
import { PROBE_EVERY_US, type ProbeRecord, type Way } from '../contract/step-probe.ts'
import { US_PER_MS } from '../record/clock.ts'
import { StaleWatch } from './stale-watch.ts'
import { ProbeLog } from './step-probe-log.ts'
import { Names } from './step-probe-names.ts'
import { WayProbe } from './step-probe-way.ts'
import { WatchLog } from './watch-log.ts'

export interface StepProbeOptions {
  readonly drillId: string
  readonly container: number
  readonly incarnation: string
  readonly direct: ServerTarget
  /** The same places as `direct` when there is no PgBouncer. */
  readonly pgbouncer: ServerTarget
  readonly nowUs: () => number
  readonly onRecord: (record: ProbeRecord) => void
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

const RECORD_EVERY_US = 5_000_000
/** While a way takes no write: an operator watches. */
const RECORD_EVERY_US_IN_OUTAGE = 1_000_000
/** A tick that is later than this shows that the process did not run. */
const STALL_US = 50_000
const PREPARE_MS = 5_000
/** While both ways take writes the name is resolved at every fifth tick, otherwise at every one. */
const CALM_LOOKUP_TICKS = 5
/** Containers begin at different moments of the 100 ms, so that together they see more. */
const PHASE_US = 37_000

export class StepProbe {
  readonly #options: StepProbeOptions
  readonly #log = new ProbeLog()
  readonly #names: Names
  readonly #targets: ReadonlyMap<Way, ServerTarget>
  readonly #ways: readonly WayProbe[]
  readonly #watchLog = new WatchLog()
  readonly #watch: StaleWatch
  #login: { readonly token: string; readonly isStale: boolean } | null = null
  /** By table, of what was found out. */
  readonly #problems = new Map<string, string>()
  #timer: NodeJS.Timeout | null = null
  #dueUs = 0
  #tickNumber = 0
  #recordedUs = 0

  constructor(options: StepProbeOptions) {
    this.#options = options
    const { drillId, container, direct, nowUs, resolve = addressesOf } = options
    this.#targets = targetsOf(options)
    const onReading = this.#log.name.bind(this.#log)
    this.#names = new Names({ hosts: namesOf(direct), resolve, nowUs, onReading })
    this.#ways = [...this.#targets.keys()].map(
      (way) =>
        new WayProbe({
          way,
          drillId,
          container,
          nowUs,
          target: () => this.#targetOf(way),
          resolve: (host) => this.#names.resolve(host),
          onAttempt: (attempt) => this.#log.attempt(attempt),
        }),
    )
    const watched = { drillId, container, nowUs, target: () => this.#targetOf('direct') }
    this.#watch = new StaleWatch({ ...watched, resolve: (host) => this.#names.resolve(host) }, this.#watchLog)
  }

  /** Stands in for the passwords of the targets, at every login from now on. */
  logInWith(login: { readonly token: string; readonly isStale: boolean }): void {
    this.#login = login
  }

  /** Looks whether it may write. What it cannot find out now it meets later. */
  async prepare(): Promise<void> {
    const target = this.#targetOf('direct')
    if (target === null) return
    const limits = { timeoutMs: PREPARE_MS, queryTimeoutMs: PREPARE_MS }
    await withClient(target, limits, async (client) => {
      for (const table of TABLES) {
        const sql = `SELECT has_table_privilege(to_regclass('${table}'), 'INSERT') AS may`
        const { rows } = await client.query<{ may: boolean | null }>(sql)
        this.#problems.set(table, problemOf(table, rows[0]?.may ?? null))
      }
    }).catch(() => {})
  }

  start(startAtMs: number): void {
    const startAtUs = startAtMs * US_PER_MS
    this.#recordedUs = startAtUs
    this.#dueUs = startAtUs + ((this.#options.container * PHASE_US) % PROBE_EVERY_US)
    this.#watchLog.problem = this.#problem || (this.#problems.get(WATCH_TABLE) ?? '')
    if (this.#problem === '') this.#schedule()
    else this.#record(startAtUs)
  }

  /** Leaves nothing open, and hands out what it has. */
  stop(): void {
    if (this.#timer === null) return
    clearTimeout(this.#timer)
    this.#timer = null
    for (const way of this.#ways) way.stop()
    setTimeout(() => this.destroy(), STOP_MS).unref()
    this.#record(this.#options.nowUs())
    this.#watch.stop()
  }

  destroy(): void {
    for (const way of this.#ways) way.destroy()
    this.#watch.destroy()
  }

  get openSockets(): number {
    return this.#ways.reduce((sum, way) => sum + way.openSockets, this.#watch.openSockets)
  }

  get #problem(): string {
    return this.#problems.get(PROBE_TABLE) ?? ''
  }

  #targetOf(way: Way): ServerTarget | null {
    const target = this.#targets.get(way) as ServerTarget
    if (this.#login === null) return target
    return this.#login.isStale ? null : withPassword(target, this.#login.token)
  }

  #schedule(): void {
    const delayMs = (this.#dueUs - this.#options.nowUs()) / US_PER_MS
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, delayMs))
  }

  #tick(): void {
    const now = this.#options.nowUs()
    if (now - this.#dueUs > STALL_US) this.#log.stall({ fromUs: Math.round(this.#dueUs), toUs: Math.round(now) })
    const isCalm = this.#ways.every(({ isSteady }) => isSteady)
    if (this.#tickNumber++ % CALM_LOOKUP_TICKS === 0 || !isCalm) this.#names.look()
    for (const way of this.#ways) way.tick()
    if (this.#watchLog.problem === '') this.#watch.tick()
    do this.#dueUs += PROBE_EVERY_US
    while (this.#dueUs <= now)
    if (now - this.#recordedUs >= (isCalm ? RECORD_EVERY_US : RECORD_EVERY_US_IN_OUTAGE)) this.#record(now)
    this.#schedule()
  }

  #record(nowUs: number): void {
    const { container, incarnation, onRecord } = this.#options
    const second = Math.floor(this.#recordedUs / US_PER_SECOND)
    this.#recordedUs = nowUs
    const ways = [...this.#targets.keys()]
    onRecord({
      second,
      container,
      incarnation,
      ways,
      problem: this.#problem,
      ...this.#log.take(),
      watch: this.#watch.take(),
    })
  }
}

const STOP_MS = 1_000

const PROBE_TABLE = 'drill_probe'
const WATCH_TABLE = 'drill_watch'
const TABLES = [PROBE_TABLE, WATCH_TABLE]

function problemOf(table: string, mayInsert: boolean | null): string {
  if (mayInsert === null) return `there is no table ${table}`
  return mayInsert ? '' : `the user may not insert into the table ${table}`
}

function targetsOf({ direct, pgbouncer }: StepProbeOptions): ReadonlyMap<Way, ServerTarget> {
  const hasPooler = JSON.stringify(direct.places) !== JSON.stringify(pgbouncer.places)
  const all: (readonly [Way, ServerTarget])[] = [
    ['direct', direct],
    ...(hasPooler ? [['pgbouncer', pgbouncer] as const] : []),
  ]
  // The probe itself finds out whether a session is read-only.
  return new Map(all.map(([way, target]) => [way, { ...target, session: { ...target.session, mustWrite: false } }]))
}

const namesOf = ({ places }: ServerTarget): string[] =>
  places.map(({ host, address }) => address ?? host).filter((name) => isIP(name) === 0 && !isSocketFolder(name))
