/**
 * A container of a drill, from its claim to its summary. What it does is decided by blobs: the plan says what, `go` says when,
 * `stop` ends it, and a lease that nobody renews ends it too. Once the run has started it always exits with 0, because a
 * platform restarts containers that exit with anything else; how the run ended is in the summary.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadyRecord } from './contract/glossary.ts'
import { blobNames, CONTRACT_VERSION, type GoSignal, type Lease, type StopSignal } from './contract/glossary.ts'
import type { LoadPlan } from './contract/load-plan.ts'
import { parsePlan } from './contract/load-plan.ts'
import type { DrillSettings } from './drill-settings.ts'
import { type BlobStore, openBlobStore } from './output/blob-store.ts'
import { DrillOutput } from './output/drill-output.ts'
import { createLog, type Log, stamped, toConsole, wordsOf } from './output/log.ts'
import { lookAtServer, PreflightError, type ServerIdentity } from './run/preflight.ts'
import { type Ended, Run } from './run/run.ts'

const POLL_MS = 500
const LEASE_POLL_MS = 2000
const RETRY_MS = 1000
/** How long a new container waits for its identity, its network and its plan. */
const PLAN_PATIENCE_MS = 300_000
/** After the hard deadline: to settle, to write, and then to be gone in any case. */
const SETTLE_MS = 3000
const WRITE_MS = 20_000

export async function runDrillContainer(settings: DrillSettings): Promise<number> {
  const store = openBlobStore(settings.blobs)
  const plan = await readPlan(store, settings)
  if (plan === null) return 2
  const incarnation = randomUUID().slice(0, 8)
  if (!(await claim(store, settings, incarnation))) {
    toConsole(stamped(`container ${settings.container} was claimed by an earlier start: nothing to do`))
    return 0
  }
  await new DrillContainer(settings, store, plan, incarnation).run()
  return 0
}

async function readPlan(store: BlobStore, { drillId }: DrillSettings): Promise<LoadPlan | null> {
  const name = blobNames.plan(drillId)
  const read = () => store.readJson(name)
  const value = await untilSeen(read, `reading ${name}`, performance.now() + PLAN_PATIENCE_MS)
  const parsed = parsePlan(value)
  if ('value' in parsed && parsed.value.drillId === drillId) return parsed.value
  const problems = 'problems' in parsed ? parsed.problems : [`drillId: the plan is for ${parsed.value.drillId}`]
  process.stderr.write(`${name} is not a load plan:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
  return null
}

/** A reply may get lost and the claim be there all the same: whose it is stands in it. */
async function claim(store: BlobStore, { drillId, container }: DrillSettings, incarnation: string): Promise<boolean> {
  const name = blobNames.claim(drillId, container)
  const attempt = async (): Promise<{ incarnation: string } | null> => {
    const mine = { incarnation, startedAt: new Date().toISOString() }
    return (await store.writeOnce(name, mine)) ? mine : ((await store.readJson(name)) as { incarnation: string } | null)
  }
  const holder = await untilSeen(attempt, `claiming ${name}`, performance.now() + PLAN_PATIENCE_MS)
  return (holder as { incarnation: string }).incarnation === incarnation
}

/** Asks until there is an answer: a new container's identity and network may take a while. */
async function untilSeen(read: () => Promise<unknown>, what: string, deadlineMs: number): Promise<unknown> {
  for (;;) {
    const answer = await read().catch((cause: unknown) => new Error(`${what} failed`, { cause }))
    if (answer !== null && !(answer instanceof Error)) return answer
    if (performance.now() > deadlineMs) throw answer ?? new Error(`${what}: there is no such blob`)
    await sleep(RETRY_MS)
  }
}

class DrillContainer {
  readonly #settings: DrillSettings
  readonly #store: BlobStore
  readonly #plan: LoadPlan
  readonly #incarnation: string
  readonly #output: DrillOutput
  readonly #log: Log
  readonly #run: Run
  /** Ends every wait: a stop, a stale lease, a signal, the hard deadline. */
  readonly #over = new AbortController()
  #isLoading = false
  #isEnding = false

  constructor(settings: DrillSettings, store: BlobStore, plan: LoadPlan, incarnation: string) {
    const { container, pgbouncer, direct } = settings
    this.#settings = settings
    this.#store = store
    this.#plan = plan
    this.#incarnation = incarnation
    this.#output = new DrillOutput(store, plan, container, incarnation)
    this.#log = createLog(toConsole, (line) => this.#output.log(stamped(line)))
    const onRecord = this.#output.record.bind(this.#output)
    this.#run = new Run({ plan, container, incarnation, pgbouncer, direct, onRecord })
  }

  async run(): Promise<void> {
    const guards = this.#startGuards()
    let identity: ServerIdentity | null = null
    try {
      identity = await this.#prepare()
      const startAtMs = await this.#awaitGo()
      if (startAtMs !== null) await this.#load(startAtMs)
    } catch (error) {
      this.#log(`the run failed: ${wordsOf(error)}`)
      this.#run.finish('failed', wordsOf(error))
    } finally {
      this.#isEnding = true
      await this.#finish(identity)
      guards.stop()
    }
  }

  /** Looks at the server, connects every worker, and says so. */
  async #prepare(): Promise<ServerIdentity> {
    const { container } = this.#settings
    this.#log(`container ${container}: ${this.#run.workers} workers on ${this.#run.threads} threads`)
    const identity = await this.#lookUntilItAnswers()
    await this.#orOver(this.#run.connect())
    const ready: ReadyRecord = {
      version: CONTRACT_VERSION,
      container,
      incarnation: this.#incarnation,
      workers: this.#run.workers,
      readyAtMs: Date.now(),
      ...identity,
    }
    const name = blobNames.ready(this.#plan.drillId, container)
    await this.#persist(() => this.#store.write(name, JSON.stringify(ready), 'application/json'))
    this.#log(`all ${this.#run.workers} workers are connected`)
    return identity
  }

  async #lookUntilItAnswers(): Promise<ServerIdentity> {
    for (;;) {
      this.#over.signal.throwIfAborted()
      try {
        return await lookAtServer(this.#settings.pgbouncer, this.#plan)
      } catch (error) {
        if (!(error instanceof PreflightError) || !error.isPassing) throw error
        this.#log(error.message)
      }
      await pause(RETRY_MS, this.#over.signal)
    }
  }

  async #awaitGo(): Promise<number | null> {
    const name = blobNames.go(this.#plan.drillId)
    while (!this.#over.signal.aborted) {
      const go = (await this.#store.readJson(name).catch(() => null)) as GoSignal | null
      if (go !== null) return go.startAtMs
      await pause(POLL_MS, this.#over.signal)
    }
    return null
  }

  async #load(startAtMs: number): Promise<void> {
    this.#log(`the load starts at ${new Date(startAtMs).toISOString()}`)
    this.#isLoading = true
    this.#output.startAtMs = startAtMs
    await this.#run.load(startAtMs)
  }

  async #finish(identity: ServerIdentity | null): Promise<void> {
    const clock = identity?.clock ?? { offsetMs: 0, errorMs: 0 }
    await this.#output.closeChunks(WRITE_MS)
    const summary = this.#run.summary({ clock }, this.#output.recordsDropped)
    this.#log(`ended: ${summary.ended}${summary.reason === null ? '' : ` (${summary.reason})`}`)
    this.#log(`totals: ${JSON.stringify(summary.totals)}`)
    await this.#output.finish(summary, WRITE_MS)
    await this.#run.terminate()
  }

  // ---- What ends a run early ---------------------------------------------------------------------------------------

  #startGuards(): { stop(): void } {
    const { hardDeadlineSeconds, staleLeaseSeconds, drillId } = this.#plan
    const sinceStartMs = performance.now()
    const hardMs = Math.max(0, hardDeadlineSeconds * 1000 - sinceStartMs)
    const hard = setTimeout(() => this.#onHardDeadline(), hardMs)
    // The last resort: whatever hangs, the container does not bill on.
    const exit = setTimeout(() => process.exit(0), hardMs + SETTLE_MS + 2 * WRITE_MS)
    exit.unref()
    const onSignal = () => this.#end('stopped', 'SIGTERM')
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
    const poll = new AbortController()
    void this.#watchStop(blobNames.stop(drillId), poll.signal)
    if (staleLeaseSeconds > 0) void this.#watchLease(blobNames.lease(drillId), staleLeaseSeconds * 1000, poll.signal)
    return {
      stop: () => {
        clearTimeout(hard)
        clearTimeout(exit)
        poll.abort()
        process.off('SIGTERM', onSignal)
        process.off('SIGINT', onSignal)
      },
    }
  }

  async #watchStop(name: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const stop = (await this.#store.readJson(name).catch(() => null)) as StopSignal | null
      if (stop !== null) return this.#end('stopped', stop.reason)
      await pause(POLL_MS, signal)
    }
  }

  /**
   * Renewed is what changed since the last look, whatever this container's clock says: a clock that is hours ahead must not
   * end the load. A lease that cannot be read was not renewed: without Blob storage no stop would be seen either.
   */
  async #watchLease(name: string, staleMs: number, signal: AbortSignal): Promise<void> {
    let renewedAtMs: number | null = null
    let seenAtMs = performance.now()
    while (!signal.aborted) {
      const lease = (await this.#store.readJson(name).catch(() => null)) as Lease | null
      if (lease !== null && lease.renewedAtMs !== renewedAtMs) {
        renewedAtMs = lease.renewedAtMs
        seenAtMs = performance.now()
      }
      if (performance.now() - seenAtMs > staleMs)
        return this.#end('stale-lease', `the drill did not renew its lease for ${staleMs / 1000} s`)
      await pause(Math.min(LEASE_POLL_MS, staleMs / 4), signal)
    }
  }

  #end(ended: Ended, reason: string): void {
    if (this.#isEnding) return
    this.#log(`stopping: ${reason}`)
    this.#run.stop(ended, reason)
    this.#over.abort(new Error(reason))
  }

  #onHardDeadline(): void {
    this.#end('hard-deadline', `${this.#plan.hardDeadlineSeconds} s after the process started`)
    setTimeout(() => this.#run.finish('hard-deadline', 'no end of its own'), SETTLE_MS).unref()
    if (this.#isLoading) this.#run.finish('hard-deadline', 'no end of its own')
  }

  /** Rejects when the run is over before the step is done. */
  #orOver<T>(step: Promise<T>): Promise<T> {
    const signal = this.#over.signal
    const over = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return Promise.race([step, over])
  }

  async #persist(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await this.#orOver(write())
      } catch (error) {
        this.#over.signal.throwIfAborted()
        this.#log(`Blob storage: ${wordsOf(error)}`)
      }
      await pause(RETRY_MS, this.#over.signal)
    }
  }
}

const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
