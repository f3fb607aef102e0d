/** The drill's containers: started with the plan's names and tags, found again by tag, deleted with their logs saved first. */
import { createHash } from 'node:crypto'
import { blobNames, ENVIRONMENT, type Lease } from '../../loadgen-image/contract.ts'
import type { Clients, CreateAnswer, GroupSpec, GroupState } from '../clients/clients.ts'
import { drillBlobs } from '../drill/blob-paths.ts'
import { expiresAt, loadPlanOf } from '../drill/load-plan.ts'
import type { DrillPlan } from '../drill/plan.ts'
import { CONTAINER_TAG, DRILL_TAG, EXPIRES_TAG } from '../drill/tags.ts'
import { counted } from '../drill/units.ts'
import { type DrillRef, describeError, inTurns, readAbort, readPlan } from './drill-record.ts'
import type { ActivitySettings } from './settings.ts'

/** Requests at once to the platform, which allows 100 creations in 5 minutes. */
const WIDTH = 8

export interface Provisioned {
  readonly created: number
  /** Why not all of them, in one sentence with what was asked for and what is available. */
  readonly refused: string | null
  readonly abort: string | null
  readonly detail: string
}

/** What is left to bill. */
export interface Cleaned {
  readonly left: number
  readonly detail: string
}

export interface CleanupRecord {
  readonly containersLeft: number
  readonly verifiedAt: string
}

/** When the first container was asked for: what it costs is counted from here. */
export interface ProvisionRecord {
  readonly at: string
  readonly groups: readonly string[]
}

/** Lower case letters, digits and hyphens, at most 63: a name that had to be changed carries a hash of the id instead. */
export function groupName(drillId: string, container: number): string {
  const plain = drillId.toLowerCase().replaceAll('_', '-').replace(/-+$/, '')
  const hash = createHash('sha256').update(drillId).digest('hex').slice(0, 8)
  const slug = plain === drillId && plain.length <= 48 ? plain : `${plain.slice(0, 38).replace(/-+$/, '')}-${hash}`
  return `loadgen-${slug}-${container}`
}

export const containerNumbers = (plan: DrillPlan): number[] => [...Array(plan.load.containers).keys()]

export function containerActivities(clients: Clients, settings: ActivitySettings) {
  const { blobs, clock, database, groups } = clients

  async function provision({ drillId }: DrillRef): Promise<Provisioned> {
    const plan = await readPlan(blobs, drillId)
    const abort = await readAbort(blobs, drillId)
    if (abort !== null) return { created: 0, refused: null, abort, detail: 'aborted before any container was started' }
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
    const left = (await groups.list()).filter(({ tags }) => tags[DRILL_TAG] === drillId)
    await blobs.writeJson(drillBlobs.cleanup(drillId), {
      containersLeft: left.length,
      verifiedAt: clock.now().toISOString(),
    } satisfies CleanupRecord)
    const names = left.map(({ name }) => name).join(', ')
    const detail = [left.length === 0 ? 'no container is left' : `${left.length} left: ${names}`, ...problems].join(
      '; ',
    )
    return { left: left.length, detail: detail.slice(0, 1_000) }
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

function summary({ load, containerSize }: DrillPlan, answers: readonly CreateAnswer[]): Provisioned {
  const created = answers.filter(({ kind }) => kind === 'created').length
  const refusals = answers.filter((answer) => answer.kind === 'refused')
  const first = refusals[0]
  const asked = `${counted(load.containers, 'container')} of ${containerSize.cpu} vCPU and ${containerSize.memoryGb} GB`
  if (first === undefined) return { created, refused: null, abort: null, detail: `${asked} started` }
  const refused = `the platform started ${created} of ${asked} and refused the others (${first.reason}, ${first.code}): ${first.message}`
  return { created, refused, abort: null, detail: refused.slice(0, 1_000) }
}
