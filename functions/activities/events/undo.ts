/**
 * Changes back what a drill's events left changed: the size of the server, or the server behind the name.
 *
 * One look per call, by the clean-up until it is done and then by the sweeping timer. It undoes only what a request of this drill may
 * have caused and the server shows: a refused request caused nothing, and a value that is neither the original nor the requested one
 * is the work of others. A claim precedes each request, as for events: after a lost answer the server is observed until the request
 * can no longer arrive.
 */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import { askedPauseOf } from '../../clients/azure/azure-errors.ts'
import type { Clients } from '../../clients/clients.ts'
import {
  type Attempt,
  type Claim,
  MAX_ATTEMPTS,
  mayArriveUntilMs,
  outcomeOfAttempts,
  readAttempts,
} from '../../clients/storage/event-attempts.ts'
import { notePromotion } from '../../clients/storage/last-promotion.ts'
import { readLock } from '../../clients/storage/server-lock.ts'
import { forgetUndo, readUndoProgress, undoRecordsOf, writeUndoProgress } from '../../clients/storage/undo-records.ts'
import { mayPromote } from '../../event-kinds/kinds.ts'
import { withAdvice } from '../../event-kinds/refusal.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { EventAnswer, OperationState } from '../../model/event-answer.ts'
import {
  isUndoSettled,
  UNDO_CHANGES,
  type UndoChange,
  type UndoProgress,
  type UndoRecord,
} from '../../model/event-answer.ts'
import type { ServerFacts } from '../../model/facts.ts'
import type { DrillPlan, Target } from '../../model/plan.ts'
import { isSameName, primaryOf } from './identity.ts'
import { followEvents, operationOf, operationPauseMs } from './progress.ts'

type Sources = Pick<Clients, 'blobs' | 'servers' | 'database' | 'clock'>

interface UndoOptions {
  /** Waits a while for the standby that an event is still rebuilding, so that its end is measured. */
  readonly isPatient: boolean
  readonly silenceSeconds: number
  /** Under this name the caller holds the server: while another holds it, that drill measures. */
  readonly holder: string
}

interface Undone {
  /** Nothing is left that this drill could do. */
  readonly settled: boolean
  readonly detail: string
  /** What this look saw come to its end. */
  readonly ended: readonly UndoProgress[]
  /** The platform's Retry-After. */
  readonly afterSeconds: number | null
}

/** What changes one thing back, and what is known of it. */
interface Case extends UndoOptions {
  readonly clients: Sources
  readonly plan: DrillPlan
  readonly change: UndoChange
  /** In the order of events. At least one. */
  readonly records: readonly [UndoRecord, ...UndoRecord[]]
  readonly known: UndoProgress | null
  readonly attempts: readonly Attempt[]
  readonly isFollowed: boolean
}

type Seen = Pick<UndoProgress, 'state' | 'detail' | 'operation'> & { readonly afterSeconds?: number | null }

export async function undoChanges(clients: Sources, plan: DrillPlan, options: UndoOptions): Promise<Undone> {
  const records = await undoRecordsOf(clients.blobs, plan.target, plan.drillId)
  if (records.length === 0) return { settled: true, detail: 'nothing to undo', ended: [], afterSeconds: null }
  const isFollowed = await followEvents(clients, plan)
  const looks: Array<UndoProgress & { readonly afterSeconds: number | null }> = []
  // One after the other: the platform takes one operation of a server at a time.
  for (const change of UNDO_CHANGES) {
    const [first, ...more] = records.filter(({ undo }) => undo.change === change)
    if (first !== undefined)
      looks.push(await look(clients, plan, { ...options, change, records: [first, ...more], isFollowed }))
  }
  const pauses = looks.flatMap(({ afterSeconds }) => afterSeconds ?? [])
  return {
    settled: looks.every(isUndoSettled),
    detail: looks.map(({ detail }) => detail).join('; '),
    ended: looks.filter(isUndoSettled),
    afterSeconds: pauses.length === 0 ? null : Math.max(...pauses),
  }
}

type CaseParts = Pick<Case, 'change' | 'records' | 'isFollowed'> & UndoOptions

async function look(clients: Sources, plan: DrillPlan, parts: CaseParts) {
  const { blobs, clock } = clients
  const { change, records } = parts
  const [known, attempts] = await Promise.all([
    readUndoProgress(blobs, plan.drillId, change),
    readAttempts(blobs, plan.drillId, change),
  ])
  const eventsPauseMs = await operationPauseMs(
    blobs,
    plan.drillId,
    records.map(({ index }) => index),
  )
  const { operation, pollAgainAtMs } = await pollUndo(clients, plan.target, { known, attempts, eventsPauseMs })
  const one: Case = { ...parts, clients, plan, known, attempts }
  const { afterSeconds = null, ...seen } = await nextOf(one, operation)
  const at = clock.now().toISOString()
  const progress: UndoProgress = { ...seen, at, since: known?.since ?? at, pollAgainAtMs }
  await writeUndoProgress(blobs, plan.drillId, change, progress)
  if (isUndoSettled(progress)) for (const record of records) await forgetUndo(blobs, record)
  return { ...progress, afterSeconds }
}

// ---- What is next -------------------------------------------------------------------------------------------------------

async function nextOf(one: Case, operation: OperationState | null): Promise<Seen> {
  const { clients, plan, change, records, known } = one
  const waiting = (detail: string): Seen => ({
    state: known?.state === 'asked' ? 'asked' : 'waiting',
    detail,
    operation: known?.operation ?? null,
  })
  const causes = await causesOf(one)
  if (causes.length === 0)
    return {
      state: 'not needed',
      detail: `${WHAT[change]} was not changed: no request reached the platform`,
      operation: null,
    }
  const seen = await valueNow(clients, plan.target, change).catch((error: unknown) => errorText(error))
  if (typeof seen === 'string') return { ...waiting(seen), operation }
  const { original } = records[0].undo
  const comes = stillComing(one, causes, seen, operation)
  if (isSameName(seen.value, original)) {
    const isRunning = causes.some((cause) => cause.operation?.kind === 'running')
    const why = comes ?? (isRunning ? 'the operation of the event is running' : null)
    if (why !== null) return { ...waiting(`${WHAT[change]} is ${seen.value}: ${why}`), operation }
    const wasAsked = one.attempts.length > 0
    return wasAsked
      ? { state: 'undone', detail: `${WHAT[change]} is ${original} again`, operation }
      : { state: 'not needed', detail: `${WHAT[change]} is ${original}, as before the drill`, operation }
  }
  if (!causes.some(({ asked }) => isSameName(seen.value, asked)))
    return {
      state: 'changed by others',
      detail: `${WHAT[change]} is ${seen.value}. Before the drill it was ${original}, and the drill asked for ${causes.map(({ asked }) => asked).join(', ')}: others changed it, and the drill leaves it`,
      operation,
    }
  const why = comes ?? (await whyNotReady(one, seen))
  return why === null
    ? ask(one, operation)
    : { ...waiting(`${WHAT[change]} is still ${seen.value}: ${why}`), operation }
}

const WHAT: Readonly<Record<UndoChange, string>> = {
  size: 'the size of the server',
  primary: 'the server behind the name',
}

interface Cause {
  readonly index: number
  readonly asked: string
  readonly lostUntilMs: number | null
  readonly operation: OperationState | null
}

/** Requests of this drill that may have taken effect. */
async function causesOf({ clients: { blobs }, plan, records }: Case): Promise<Cause[]> {
  const all = records.map(async ({ index, undo }): Promise<Cause[]> => {
    const attempts = await readAttempts(blobs, plan.drillId, index)
    const { request } = outcomeOfAttempts(attempts, null)
    if (request !== 'accepted' && request !== 'ambiguous') return []
    const operation = await operationOf(blobs, plan.drillId, index)
    return [{ index, asked: undo.asked, lostUntilMs: mayArriveUntilMs(attempts), operation }]
  })
  return (await Promise.all(all)).flat()
}

interface SeenValue {
  readonly value: string
  /** Of the server that is changed back. */
  readonly server: ServerFacts
}

async function valueNow({ servers }: Sources, target: Target, change: UndoChange): Promise<SeenValue | string> {
  const own = await servers.get(target)
  if (change === 'size') return own.sku === null ? 'the platform shows no size' : { value: own.sku.name, server: own }
  const primary = await primaryOf({ servers }, target, own)
  return primary === null ? 'the platform shows no primary' : { value: primary.name, server: primary }
}

/** What may still change the server by itself; null: nothing. */
function stillComing(
  one: Case,
  causes: readonly Cause[],
  { server }: SeenValue,
  undo: OperationState | null,
): string | null {
  const nowMs = one.clients.clock.now().getTime()
  const lostMs = [...causes.map(({ lostUntilMs }) => lostUntilMs), mayArriveUntilMs(one.attempts)]
  const untilMs = Math.max(0, ...lostMs.map((ms) => ms ?? 0))
  if (nowMs < untilMs) return `a request whose answer was lost may arrive until ${new Date(untilMs).toISOString()}`
  if (undo?.kind === 'running') return 'the platform has accepted the request that changes it back'
  return server.state !== null && server.state !== 'Ready' ? `the server is ${server.state}` : null
}

/** The platform would refuse now, or the end of the event would not be measured. */
async function whyNotReady(one: Case, { server }: SeenValue): Promise<string | null> {
  const { clients, plan, records, known, isPatient, isFollowed } = one
  const { request } = records[0].undo
  if (request.call === 'promote') {
    const why = await whyReplicaNotReady(clients, plan.target, server.name, request.replica)
    if (why !== null) return why
  }
  const sinceMs = known === null ? 0 : clients.clock.now().getTime() - Date.parse(known.since)
  return isPatient && !isFollowed && sinceMs < plan.timing.eventTimeoutSeconds * 1000
    ? 'the standby is not back yet'
    : null
}

async function whyReplicaNotReady(
  { servers }: Sources,
  target: Target,
  primary: string,
  name: string,
): Promise<string | null> {
  const replica = (await servers.replicas(target)).find((one) => isSameName(one.name, name))
  if (replica === undefined) return `${name} is not among the replicas of ${primary}`
  if (replica.state !== null && replica.state !== 'Ready') return `${name} is ${replica.state}`
  const { state } = replica.replication
  return state !== null && state !== 'Active' ? `replica ${name} is ${state}` : null
}

// ---- The request --------------------------------------------------------------------------------------------------------

async function ask(one: Case, operation: OperationState | null): Promise<Seen> {
  const { clients, plan, change, records, attempts, silenceSeconds, holder } = one
  const { blobs, clock, servers } = clients
  const number = attempts.length
  const { original, request } = records[0].undo
  const waiting = (detail: string): Seen => ({ state: 'waiting', detail, operation })
  if (number >= MAX_ATTEMPTS)
    return waiting(`${WHAT[change]} did not change back after ${number} requests: change it to ${original} by hand`)
  const lock = await readLock(blobs, plan.target)
  if (lock?.drillId !== holder || lock.state !== 'held')
    return waiting(`${WHAT[change]} is to be ${original} again, when no other drill uses the server`)
  const now = clock.now()
  const claim: Claim = {
    claimedAt: now.toISOString(),
    mayArriveUntil: new Date(now.getTime() + silenceSeconds * 1000).toISOString(),
  }
  const claimName = drillBlobs.eventClaim(plan.drillId, change, number)
  if (!(await blobs.writeOnce(claimName, claim)))
    return waiting('another execution sends the request that changes it back')
  const answer = await servers.begin(plan.target, request)
  if (answer.kind === 'refused') {
    await blobs.delete(claimName)
    const detail = `${WHAT[change]} is to be ${original} again; the platform answered ${answer.status} ${answer.code}: ${answer.message}`
    return { ...waiting(withAdvice(detail, answer, request)), afterSeconds: answer.afterSeconds ?? null }
  }
  await noteAnswer(one, number, answer)
  return answer.kind === 'accepted'
    ? {
        state: 'asked',
        detail: `${WHAT[change]} changes back to ${original}: accepted`,
        operation: { kind: 'running' },
      }
    : waiting(`the answer to the request for ${original} was lost: ${answer.why}`)
}

/** The cool-down first, as for an event. */
async function noteAnswer(
  { clients, plan, change, records }: Case,
  number: number,
  answer: EventAnswer,
): Promise<void> {
  const { blobs, clock } = clients
  const promotes = records.some(({ index }) => {
    const planned = plan.events[index]
    return planned === undefined || mayPromote(planned)
  })
  if (promotes) await notePromotion(blobs, plan, clock.now().getTime())
  await blobs.writeOnce(drillBlobs.eventAnswer(plan.drillId, change, number), answer)
}

type Polled = Pick<UndoProgress, 'operation' | 'pollAgainAtMs'>

/** Of the newest accepted request; a failed one may be asked for again. */
async function pollUndo(
  { servers, clock }: Sources,
  target: Target,
  { known, attempts, eventsPauseMs }: Pick<Case, 'known' | 'attempts'> & { readonly eventsPauseMs: number | null },
): Promise<Polled> {
  const answer = attempts.at(-1)?.answer
  const operation = known?.operation ?? null
  // The platform counts requests for all operations together.
  const pollAgainAtMs = known?.pollAgainAtMs ?? eventsPauseMs
  const nowMs = clock.now().getTime()
  if (answer?.kind !== 'accepted' || (operation !== null && operation.kind !== 'running'))
    return { operation, pollAgainAtMs }
  if (pollAgainAtMs !== null && nowMs < pollAgainAtMs) return { operation: { kind: 'running' }, pollAgainAtMs }
  try {
    return { operation: await servers.operationState(target, answer.pollerToken), pollAgainAtMs: null }
  } catch (error) {
    const pauseSeconds = askedPauseOf(error)
    return {
      operation: { kind: 'running' },
      pollAgainAtMs: pauseSeconds === null ? null : nowMs + pauseSeconds * 1000,
    }
  }
}
