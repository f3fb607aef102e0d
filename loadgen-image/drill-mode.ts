/**
 * A container of a drill, from its claim to its summary. Blobs decide what it does: the plan says what to send, `go` says when,
 * `stop` ends the load, and so does a lease that the drill no longer renews. Once the run has started, the process exits with 0
 * however the run ended, because the platform restarts containers that exit with another code; the summary has the reason.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { APP_PROBE_LIMITS } from './contract/app-probe.ts'
import type { ReadyRecord } from './contract/glossary.ts'
import { blobNames, CONTRACT_VERSION, type GoSignal, type Lease, type StopSignal } from './contract/glossary.ts'
import { type LoadPlan, parsePlan } from './contract/load-plan.ts'
import { errorText } from './contract/redact.ts'
import type { DrillSettings } from './drill-settings.ts'
import { DatabaseToken } from './identity/database-token.ts'
import { pause } from './output/append-spool.ts'
import { type BlobStore, openBlobStore } from './output/blob-store.ts'
import { DrillOutput } from './output/drill-output.ts'
import { screen } from './output/screen.ts'
import { AppProber } from './probe/app-prober.ts'
import { StepProbe } from './probe/step-probe.ts'
import { inspectServer, PreflightError, type ServerIdentity } from './run/preflight.ts'
import { type Ended, Run } from './run/run.ts'

const POLL_MS = 500
const LEASE_POLL_MS = 2000
const RETRY_MS = 1000
/** How long a new container waits for its identity, its network and its plan. */
const PLAN_TIMEOUT_MS = 300_000
/** After the hard deadline: for outcomes, for writing, and then the process exits in any case. */
const SETTLE_MS = 3000
const WRITE_MS = 20_000

export async function runDrillContainer(settings: DrillSettings): Promise<number> {
  const store = openBlobStore(settings.blobs)
  const plan = await readPlan(store, settings)
  if (plan === null) return 2
  const incarnation = randomUUID().slice(0, 8)
  if (!(await claim(store, settings, incarnation))) {
    screen.line(`container ${settings.container} was claimed by an earlier start: nothing to do`)
    return 0
  }
  await new DrillContainer(settings, store, plan, incarnation).run()
  return 0
}

async function readPlan(store: BlobStore, { drillId }: DrillSettings): Promise<LoadPlan | null> {
  const name = blobNames.plan(drillId)
  const parsed = parsePlan(await pollUntil(() => store.readJson(name), `reading ${name}`))
  if ('value' in parsed && parsed.value.drillId === drillId) return parsed.value
  const problems = 'problems' in parsed ? parsed.problems : [`drillId: the plan is for ${parsed.value.drillId}`]
  process.stderr.write(`${name} is not a load plan:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
  return null
}

/** The reply to a claim may be lost although the claim was written: the blob names the incarnation that holds it. */
async function claim(store: BlobStore, { drillId, container }: DrillSettings, incarnation: string): Promise<boolean> {
  const name = blobNames.claim(drillId, container)
  const own = { incarnation, startedAt: new Date().toISOString() }
  const attempt = async () => ((await store.writeOnce(name, own)) ? own : await store.readJson(name))
  const holder = await pollUntil(attempt, `claiming ${name}`)
  return (holder as typeof own).incarnation === incarnation
}

/** The first value that is there: the identity and the network of a new container may take a while. */
async function pollUntil(read: () => Promise<unknown>, what: string): Promise<unknown> {
  const deadlineMs = performance.now() + PLAN_TIMEOUT_MS
  for (;;) {
    const value = await read().catch((cause: unknown) => new Error(`${what} failed`, { cause }))
    if (value !== null && !(value instanceof Error)) return value
    if (performance.now() > deadlineMs) throw value ?? new Error(`${what}: there is no such blob`)
    await sleep(RETRY_MS)
  }
}

class DrillContainer {
  readonly #settings: DrillSettings
  readonly #store: BlobStore
  readonly #plan: LoadPlan
  readonly #incarnation: string
  readonly #output: DrillOutput
  readonly #run: Run
  readonly #stepProbe: StepProbe
  readonly #token: DatabaseToken | null
  readonly #prober: AppProber
  /** Aborted by a stop, a stale lease, a signal or the hard deadline: every wait ends with it. */
  readonly #stopped = new AbortController()
  #isLoading = false
  #isEnding = false

  constructor(settings: DrillSettings, store: BlobStore, plan: LoadPlan, incarnation: string) {
    const { container, pgbouncer, direct, token } = settings
    this.#settings = settings
    this.#store = store
    this.#plan = plan
    this.#incarnation = incarnation
    this.#output = new DrillOutput(store, plan.drillId, container, incarnation)
    const onRecord = this.#output.record.bind(this.#output)
    this.#run = new Run({ plan, container, incarnation, pgbouncer, direct, onRecord })
    this.#stepProbe = new StepProbe({
      drillId: plan.drillId,
      container,
      incarnation,
      direct,
      pgbouncer,
      nowUs: () => this.#run.nowUs,
      onRecord: (record) => this.#output.stepProbe(record),
    })
    this.#token = token === null ? null : new DatabaseToken(token)
    this.#prober = new AppProber({
      probes: plan.probes,
      container,
      containers: plan.containers,
      incarnation,
      secrets: settings.probeSecrets,
      allowLoopback: settings.allowLoopbackProbes,
      nowUs: () => this.#run.nowMs * 1000,
      onRecord: (record) => this.#output.appRecord(record),
    })
  }

  async run(): Promise<void> {
    const guards = this.#startGuards()
    let identity: ServerIdentity | null = null
    try {
      identity = await this.#prepare()
      const startAtMs = await this.#awaitGo()
      if (startAtMs !== null) await this.#load(startAtMs)
    } catch (error) {
      this.#log(`the run failed: ${errorText(error)}`)
      this.#run.finish('failed', errorText(error))
    } finally {
      this.#isEnding = true
      this.#stepProbe.stop()
      this.#token?.stop()
      await this.#finish(identity)
      guards.stop()
    }
  }

  /** Inspects the server, connects every worker, and writes the ready record. */
  async #prepare(): Promise<ServerIdentity> {
    const { container, pgbouncer } = this.#settings
    this.#log(`container ${container}: ${this.#run.workers} workers on ${this.#run.threads} threads`)
    const inspect = () => inspectServer(pgbouncer, this.#plan, this.#token)
    const identity = await this.#retry(inspect, (error) =>
      error instanceof PreflightError && error.isPassing ? error.message : null,
    )
    this.#token?.keepFresh(
      (token) => {
        this.#run.logInWith(token)
        this.#stepProbe.logInWith(token)
      },
      (line) => this.#log(line),
    )
    await this.#raceStop(Promise.all([this.#run.connect(), this.#stepProbe.prepare()]))
    const ready: ReadyRecord = {
      version: CONTRACT_VERSION,
      container,
      incarnation: this.#incarnation,
      workers: this.#run.workers,
      readyAtMs: Date.now(),
      ...identity,
    }
    const name = blobNames.ready(this.#plan.drillId, container)
    const write = () => this.#store.write(name, JSON.stringify(ready), 'application/json')
    await this.#retry(write, (error) => `Blob storage: ${errorText(error)}`)
    this.#log(`all ${this.#run.workers} workers are connected`)
    return identity
  }

  async #awaitGo(): Promise<number | null> {
    const go = await this.#poll<GoSignal>(blobNames.go(this.#plan.drillId), this.#stopped.signal)
    return go === null ? null : go.startAtMs
  }

  async #load(startAtMs: number): Promise<void> {
    this.#log(`the load starts at ${new Date(startAtMs).toISOString()}`)
    this.#isLoading = true
    this.#output.startAtMs = startAtMs
    this.#prober.start(startAtMs * 1000, (startAtMs + this.#plan.durationSeconds * 1000) * 1000)
    this.#stepProbe.start(startAtMs)
    await this.#run.load(startAtMs)
  }

  async #finish(identity: ServerIdentity | null): Promise<void> {
    const clock = identity?.clock ?? { offsetMs: 0, errorMs: 0 }
    this.#prober.stop()
    await this.#prober.ended(this.#stopped.signal.aborted ? SETTLE_MS : APP_PROBE_LIMITS.maxTimeoutMs)
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
    // The last resort, when a step hangs: the container must not go on costing.
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
    const stop = await this.#poll<StopSignal>(name, signal)
    if (stop !== null) this.#end('stopped', stop.reason)
  }

  /**
   * A lease counts as renewed when it has changed since the last look, independent of this container's clock: a clock that is
   * hours ahead must not end the load. A lease that cannot be read was not renewed: without Blob storage no stop is seen either.
   */
  async #watchLease(name: string, staleMs: number, signal: AbortSignal): Promise<void> {
    let renewedAtMs: number | null = null
    let seenAtMs = performance.now()
    while (!signal.aborted) {
      const lease = await this.#read<Lease>(name)
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
    this.#prober.stop()
    this.#stopped.abort(new Error(reason))
  }

  #onHardDeadline(): void {
    this.#end('hard-deadline', `${this.#plan.hardDeadlineSeconds} s after the process started`)
    setTimeout(() => this.#run.finish('hard-deadline', 'the load did not end in time'), SETTLE_MS).unref()
    if (this.#isLoading) this.#run.finish('hard-deadline', 'the load did not end in time')
  }

  // ---- Waiting -----------------------------------------------------------------------------------------------------

  #read<T>(name: string): Promise<T | null> {
    return this.#store.readJson(name).catch(() => null) as Promise<T | null>
  }

  /** The blob's content once it is there; null when the signal ends the wait. */
  async #poll<T>(name: string, signal: AbortSignal): Promise<T | null> {
    while (!signal.aborted) {
      const value = await this.#read<T>(name)
      if (value !== null) return value
      await pause(POLL_MS, signal)
    }
    return null
  }

  /** Rejects when the run is stopped before the step is done. */
  #raceStop<T>(step: Promise<T>): Promise<T> {
    const { signal } = this.#stopped
    const stopped = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return Promise.race([step, stopped])
  }

  /** Until it succeeds or the run is stopped. `explain` returns null for an error that another attempt does not help. */
  async #retry<T>(attempt: () => Promise<T>, explain: (error: unknown) => string | null): Promise<T> {
    for (;;) {
      this.#stopped.signal.throwIfAborted()
      try {
        return await this.#raceStop(attempt())
      } catch (error) {
        this.#stopped.signal.throwIfAborted()
        const explanation = explain(error)
        if (explanation === null) throw error
        this.#log(explanation)
      }
      await pause(RETRY_MS, this.#stopped.signal)
    }
  }

  #log(line: string): void {
    this.#output.log(line)
  }
}
