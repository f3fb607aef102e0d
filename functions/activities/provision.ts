/** The drill's containers: started with the plan's names and tags, found again by tag, deleted with their logs saved first. */

import { blobNames, ENVIRONMENT, type Lease } from '../../loadgen-image/contract/glossary.ts'
import type { Clients, CreateAnswer, GroupSpec, GroupState } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { expiresAt, loadPlanOf } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import { CONTAINER_TAG, DRILL_TAG, EXPIRES_TAG } from '../platform/tags.ts'
import { counted } from '../units/units.ts'
import {
  containerNumbers,
  type DrillRef,
  describeError,
  groupName,
  inTurns,
  readAbort,
  readPlan,
} from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

/** Requests at once to the platform, which allows 100 creations in 5 minutes. */
const WIDTH = 8

export interface Provisioned {
  readonly created: number
  /** Why not all of them, in one sentence with what was asked for and what is available. */
  readonly refused: string | null
  /** What a later try may bring, and when the platform wants to be asked again; null: nothing is missing. */
  readonly waiting: string | null
  readonly afterSeconds: number | null
  readonly abort: string | null
  readonly detail: string
}

/** What is left to bill. */
export interface Cleaned {
  readonly left: number
  /** None is left, and that was seen twice: a list of the platform may be a moment behind. */
  readonly isClean: boolean
  readonly detail: string
}

/** Null: not verified. */
export interface CleanupRecord {
  readonly containersLeft: number | null
  readonly verifiedAt: string | null
  /** When none was seen for the first time, and none has been seen since. */
  readonly emptySince: string | null
}

/** Between two passes that see no container. */
const SECOND_LOOK_MS = 3_000

/** When the first container was asked for: what it costs is counted from here. */
export interface ProvisionRecord {
  readonly at: string
  readonly groups: readonly string[]
}

export function containerActivities(clients: Clients, settings: ActivitySettings) {
  const { blobs, clock, database, groups } = clients

  async function provision({ drillId }: DrillRef): Promise<Provisioned> {
    const plan = await readPlan(blobs, drillId)
    const abort = await readAbort(blobs, drillId)
    if (abort !== null) return { ...NOTHING_STARTED, abort, detail: 'aborted before any container was started' }
    const names = containerNumbers(plan).map((container) => groupName(drillId, container))
    const at = clock.now()
    await blobs.writeOnce(drillBlobs.provisioned(drillId), {
      at: at.toISOString(),
      groups: names,
    } satisfies ProvisionRecord)
    await blobs.writeJson(blobNames.plan(drillId), loadPlanOf(plan))
    await renewLease(clients, drillId)
    const answers = await createAll(plan, await expiry(plan, at))
    return summary(plan, answers)
  }

  /** A repeated execution must not move the moment at which the platform may delete the containers. */
  async function expiry(plan: DrillPlan, at: Date): Promise<string> {
    const record = await blobs.readJson<ProvisionRecord>(drillBlobs.provisioned(plan.drillId))
    return expiresAt(plan, Date.parse(record?.at ?? at.toISOString()))
  }

  async function createAll(plan: DrillPlan, expires: string): Promise<CreateAnswer[]> {
    const connectionString = await database.loadConnectionString(plan.target)
    const spec = (container: number) => specOf(plan, container, expires, connectionString)
    return inTurns(containerNumbers(plan), WIDTH, (container) => createUnlessThere(spec(container)))
  }

  /** A PUT over a container that has ended would start it again. */
  async function createUnlessThere(spec: GroupSpec): Promise<CreateAnswer> {
    const there = await groups.get(spec.name)
    return there === null ? groups.create(spec) : { kind: 'created' }
  }

  function specOf(plan: DrillPlan, container: number, expires: string, connectionString: string): GroupSpec {
    const blobAccess = blobEnvironment(settings)
    return {
      name: groupName(plan.drillId, container),
      tags: { [DRILL_TAG]: plan.drillId, [CONTAINER_TAG]: String(container), [EXPIRES_TAG]: expires },
      cpu: plan.containerSize.cpu,
      memoryGb: plan.containerSize.memoryGb,
      environment: {
        [ENVIRONMENT.drillId]: plan.drillId,
        [ENVIRONMENT.container]: String(container),
        [ENVIRONMENT.directPort]: String(database.directPort()),
        ...blobAccess.open,
      },
      secureEnvironment: { [ENVIRONMENT.connectionString]: connectionString, ...blobAccess.secret },
    }
  }

  /** Attempts everything, whatever fails, and says what is left. Repeated by the drill until nothing is. */
  async function cleanUp({ drillId }: DrillRef): Promise<Cleaned> {
    const plan = await readPlan(blobs, drillId)
    const problems: string[] = []
    const mine = await groupsToDelete(plan, problems)
    await inTurns(mine, WIDTH, (name) => deleteWithLog(plan, name, problems))
    const left = await namesLeft(drillId, mine)
    const known = await blobs.readJson<CleanupRecord>(drillBlobs.cleanup(drillId))
    const now = clock.now().toISOString()
    const emptySince = left.length > 0 ? null : (known?.emptySince ?? now)
    const isSeenTwice = emptySince !== null && Date.parse(now) - Date.parse(emptySince) >= SECOND_LOOK_MS
    // Where nothing was ever asked for, one look is enough.
    const isClean = left.length === 0 && (isSeenTwice || mine.length === 0)
    const isVerified = isClean || left.length > 0
    await blobs.writeJson(drillBlobs.cleanup(drillId), {
      containersLeft: isVerified ? left.length : null,
      verifiedAt: isVerified ? now : null,
      emptySince,
    } satisfies CleanupRecord)
    const said = left.length === 0 ? 'no container is left' : `${left.length} left: ${left.join(', ')}`
    return { left: left.length, isClean, detail: [said, ...problems].join('; ').slice(0, 1_000) }
  }

  /** By tag in the list, and by name: what one of them does not show, the other may. */
  async function namesLeft(drillId: string, names: readonly string[]): Promise<string[]> {
    const listed = (await groups.list()).filter(({ tags }) => tags[DRILL_TAG] === drillId).map(({ name }) => name)
    const found = await inTurns(names, WIDTH, async (name) => ((await groups.get(name)) === null ? [] : [name]))
    return [...new Set([...listed, ...found.flat()])]
  }

  /** By tag, and by name as well: a list may be a moment behind a container that was just created. */
  async function groupsToDelete(plan: DrillPlan, problems: string[]): Promise<string[]> {
    const record = await blobs.readJson<ProvisionRecord>(drillBlobs.provisioned(plan.drillId))
    const listed = await groups.list().catch((error: unknown) => {
      problems.push(`the list of containers: ${describeError(error)}`)
      return []
    })
    const tagged = listed.filter(({ tags }) => tags[DRILL_TAG] === plan.drillId).map(({ name }) => name)
    return [...new Set([...tagged, ...(record?.groups ?? [])])]
  }

  async function deleteWithLog({ drillId }: DrillPlan, name: string, problems: string[]): Promise<void> {
    const group = await groups.get(name).catch(() => null)
    if (group !== null) await saveLog(drillId, group).catch((error: unknown) => problems.push(describeError(error)))
    await groups.delete(name).catch((error: unknown) => problems.push(describeError(error)))
  }

  async function saveLog(drillId: string, group: GroupState): Promise<void> {
    const container = Number(group.tags[CONTAINER_TAG] ?? Number.NaN)
    if (!Number.isInteger(container)) return
    const log = await groups.logs(group.name)
    if (log !== '') await blobs.write(blobNames.log(drillId, container), log, 'text/plain; charset=utf-8')
  }

  return { provision, cleanUp }
}

export const renewLease = ({ blobs, clock }: Pick<Clients, 'blobs' | 'clock'>, drillId: string): Promise<void> =>
  blobs.writeJson(blobNames.lease(drillId), { renewedAtMs: clock.now().getTime() } satisfies Lease)

/** With an identity there is nothing to hide; the connection string of a local storage account is a secret. */
function blobEnvironment({ blobs, generatorClientId }: ActivitySettings): {
  readonly open: Readonly<Record<string, string>>
  readonly secret: Readonly<Record<string, string>>
} {
  const identity = generatorClientId === null ? {} : { [ENVIRONMENT.identityClientId]: generatorClientId }
  if (blobs.kind === 'url') return { open: { [ENVIRONMENT.blobContainerUrl]: blobs.url, ...identity }, secret: {} }
  return {
    open: { [ENVIRONMENT.blobContainer]: blobs.container },
    secret: { [ENVIRONMENT.blobConnectionString]: blobs.connectionString.reveal() },
  }
}

const NOTHING_STARTED = { created: 0, refused: null, waiting: null, afterSeconds: null } as const

function summary({ load, containerSize }: DrillPlan, answers: readonly CreateAnswer[]): Provisioned {
  const created = answers.filter(({ kind }) => kind === 'created').length
  const refusals = answers.filter((answer) => answer.kind === 'refused')
  const first = refusals[0]
  const asked = `${counted(load.containers, 'container')} of ${containerSize.cpu} vCPU and ${containerSize.memoryGb} GB`
  if (first !== undefined) {
    const refused = `the platform started ${created} of ${asked} and refused the others (${first.reason}, ${first.code}): ${first.message}`
    return { ...NOTHING_STARTED, created, refused, abort: null, detail: refused.slice(0, 1_000) }
  }
  const later = answers.filter((answer) => answer.kind === 'later')
  if (later[0] === undefined) return { ...NOTHING_STARTED, created, abort: null, detail: `${asked} started` }
  const waiting = `the platform started ${created} of ${asked}; the others may start later (${later[0].code}): ${later[0].message}`
  const pauses = later.map(({ afterSeconds }) => afterSeconds ?? 0)
  const afterSeconds = Math.max(...pauses) || null
  return { created, refused: null, waiting, afterSeconds, abort: null, detail: waiting.slice(0, 1_000) }
}
