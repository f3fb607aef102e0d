/** Starts the drill's containers, with names and tags by which the clean-up and the sweeper find them. */

import { APP_PROBE_ENVIRONMENT, secretNamesOf } from '../../loadgen-image/contract/app-probe.ts'
import { blobNames, ENVIRONMENT } from '../../loadgen-image/contract/glossary.ts'
import type { Clients, CreateAnswer, GroupSpec } from '../clients/clients.ts'
import { probeSecret, settingOfSecret } from '../config/app-probes.ts'
import { drillBlobs, subnetBlob } from '../model/blob-paths.ts'
import { expiresAt, loadPlanOf } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import { CONTAINER_TAG, DRILL_TAG, EXPIRES_TAG } from '../platform/names.ts'
import { inTurns } from '../units/in-turns.ts'
import { counted } from '../units/units.ts'
import { containerNumbers, groupName, PLATFORM_WIDTH, renewLease } from './records/containers.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

interface Provisioned {
  readonly created: number
  /** Why not all of them, in one sentence with what was requested and what is available. */
  readonly refused: string | null
  /** What a later try may start; null: nothing is missing. */
  readonly waiting: string | null
  /** The pause that the platform asks for. */
  readonly afterSeconds: number | null
  readonly abort: string | null
  readonly detail: string
}

/** When the first container was requested: its cost counts from here. */
export interface ProvisionRecord {
  readonly at: string
  readonly groups: readonly string[]
}

export async function provision(
  clients: Clients,
  settings: ActivitySettings,
  { drillId }: DrillRef,
): Promise<Provisioned> {
  const { blobs, clock } = clients
  const plan = await readPlan(blobs, drillId)
  const abort = await readAbort(blobs, drillId)
  if (abort !== null) return { ...NOTHING_STARTED, abort, detail: 'aborted before any container was started' }
  const absent = absentSecrets(settings, plan)
  if (absent !== null) return { ...NOTHING_STARTED, refused: absent, abort: null, detail: absent }
  const names = containerNumbers(plan).map((container) => groupName(drillId, container))
  const mine: ProvisionRecord = { at: clock.now().toISOString(), groups: names }
  await blobs.writeOnce(drillBlobs.provisioned(drillId), mine)
  // A repeated execution must not move the moment at which the platform may delete the containers.
  const first = (await blobs.readJson<ProvisionRecord>(drillBlobs.provisioned(drillId))) ?? mine
  await blobs.writeJson(blobNames.plan(drillId), loadPlanOf(plan))
  await renewLease(clients, drillId)
  return summary(plan, await createAll(clients, settings, plan, expiresAt(plan, Date.parse(first.at))))
}

async function createAll(
  clients: Clients,
  settings: ActivitySettings,
  plan: DrillPlan,
  expires: string,
): Promise<CreateAnswer[]> {
  const { database, groups } = clients
  const access: LoadAccess = {
    connectionString: database.loadConnectionString(plan.target),
    directPort: database.directPort(plan.target),
    zones: settings.zones,
    ...blobAccess(settings),
    token: tokenAccess(database.loadTokenScope(plan.target)),
    probes: probeAccess(settings, plan),
  }
  const create = async (container: number): Promise<CreateAnswer> => {
    const spec = specOf(plan, container, expires, access)
    // A PUT over a container that has ended would start it again.
    return (await groups.get(spec.name)) === null ? groups.create(spec) : { kind: 'created' }
  }
  const [first, ...others] = containerNumbers(plan)
  if (first === undefined || others.length === 0 || (await hasLink(clients, settings)))
    return inTurns(containerNumbers(plan), PLATFORM_WIDTH, create)
  const answer = await create(first)
  if (answer.kind === 'created' && (await madeLink(clients, settings, groupName(plan.drillId, first))))
    return [answer, ...(await inTurns(others, PLATFORM_WIDTH, create))]
  return answer.kind === 'refused' ? [answer] : [answer, ...others.map(() => BEHIND_FIRST)]
}

// ---- The link of a subnet -----------------------------------------------------------------------------------------------

/**
 * The first container group of a subnet makes its link to Container Instances, and the platform refuses others until the link is
 * there. So in a subnet in which no group of this app has run yet, the first one goes alone.
 */
const BEHIND_FIRST: CreateAnswer = {
  kind: 'later',
  code: 'FirstInSubnet',
  message: 'the first container goes alone until it has started, because it makes the link of the subnet',
  afterSeconds: null,
}

/** If the link has gone since, the platform refuses for now, and the drill tries again. */
async function hasLink({ blobs }: Clients, { subnetId }: ActivitySettings): Promise<boolean> {
  return subnetId === null || (await blobs.readJson(subnetBlob(subnetId))) !== null
}

const STARTING = new Set(['Pending', 'Creating', 'Unknown'])

/** A group that has failed makes no link and holds up no other: the drill finds out why it failed. */
async function madeLink({ blobs, clock, groups }: Clients, { subnetId }: ActivitySettings, name: string) {
  const group = await groups.get(name)
  if (group === null || subnetId === null || STARTING.has(group.provisioningState)) return false
  const seen = { subnetId, at: clock.now().toISOString() }
  if (group.provisioningState === 'Succeeded') await blobs.writeOnce(subnetBlob(subnetId), seen)
  return true
}

// ---- The request of one container ---------------------------------------------------------------------------------------

/** How a load generator reaches the database and its blobs. */
interface LoadAccess {
  readonly connectionString: string
  readonly directPort: number
  readonly zones: readonly string[]
  readonly open: Readonly<Record<string, string>>
  readonly secret: Readonly<Record<string, string>>
  readonly token: Readonly<Record<string, string>>
  readonly probes: {
    readonly open: Readonly<Record<string, string>>
    readonly secret: Readonly<Record<string, string>>
  }
}

const specOf = (plan: DrillPlan, container: number, expires: string, access: LoadAccess): GroupSpec => ({
  name: groupName(plan.drillId, container),
  tags: { [DRILL_TAG]: plan.drillId, [CONTAINER_TAG]: String(container), [EXPIRES_TAG]: expires },
  cpu: plan.containerSize.cpu,
  memoryGb: plan.containerSize.memoryGb,
  zone: access.zones[container % access.zones.length] ?? null,
  environment: {
    [ENVIRONMENT.drillId]: plan.drillId,
    [ENVIRONMENT.container]: String(container),
    [ENVIRONMENT.directPort]: String(access.directPort),
    ...access.open,
    ...access.token,
    ...access.probes.open,
  },
  secureEnvironment: {
    [ENVIRONMENT.connectionString]: access.connectionString,
    ...access.secret,
    ...access.probes.secret,
  },
})

const tokenAccess = (scope: string | null): LoadAccess['token'] =>
  scope === null ? {} : { [ENVIRONMENT.databaseTokenScope]: scope }

/** Only the secrets that this drill's probes name, in one secure value. */
function probeAccess({ probes: settings }: ActivitySettings, { probes }: DrillPlan): LoadAccess['probes'] {
  const open = probes.length > 0 && settings.allowLoopback ? { [APP_PROBE_ENVIRONMENT.loopback]: 'true' } : {}
  const names = [...new Set(probes.flatMap(secretNamesOf))]
  if (names.length === 0) return { open, secret: {} }
  const values = Object.fromEntries(names.map((name) => [name, probeSecret(settings, name)?.reveal() ?? '']))
  return { open, secret: { [APP_PROBE_ENVIRONMENT.secrets]: JSON.stringify(values) } }
}

/** The settings may have changed since the request was accepted. */
function absentSecrets({ probes: settings }: ActivitySettings, { probes }: DrillPlan): string | null {
  const absent = probes.flatMap(secretNamesOf).filter((name) => probeSecret(settings, name) === null)
  if (absent.length === 0) return null
  return `no container was started, because the app no longer holds the secret ${absent[0]} of an application probe (setting ${settingOfSecret(absent[0] as string)})`
}

/** An identity needs no secret; the connection string of a local storage account is one. */
function blobAccess({ blobs, generatorClientId }: ActivitySettings): Pick<LoadAccess, 'open' | 'secret'> {
  const identity: Readonly<Record<string, string>> =
    generatorClientId === null ? {} : { [ENVIRONMENT.identityClientId]: generatorClientId }
  if (blobs.kind === 'url') return { open: { [ENVIRONMENT.blobContainerUrl]: blobs.url, ...identity }, secret: {} }
  return {
    open: { [ENVIRONMENT.blobContainer]: blobs.container, ...identity },
    secret: { [ENVIRONMENT.blobConnectionString]: blobs.connectionString.reveal() },
  }
}

const NOTHING_STARTED = { created: 0, refused: null, waiting: null, afterSeconds: null } as const

function summary({ load, containerSize }: DrillPlan, answers: readonly CreateAnswer[]): Provisioned {
  const created = answers.filter(({ kind }) => kind === 'created').length
  const refused = answers.find((answer) => answer.kind === 'refused')
  const later = answers.filter((answer) => answer.kind === 'later')
  const asked = `${counted(load.containers, 'container')} of ${containerSize.cpu} vCPU and ${containerSize.memoryGb} GB`
  const some = { ...NOTHING_STARTED, created, abort: null }
  if (refused !== undefined) {
    const why = `the platform started ${created} of ${asked} and refused the rest (${refused.reason}, ${refused.code}): ${refused.message}`
    return { ...some, refused: why, detail: why.slice(0, 1_000) }
  }
  if (later[0] === undefined) return { ...some, detail: `${asked} started` }
  const afterSeconds = Math.max(...later.map((answer) => answer.afterSeconds ?? 0)) || null
  const pause = afterSeconds === null ? '' : ` The platform asks for a pause of ${afterSeconds} s`
  const waiting = `the platform started ${created} of ${asked}; the rest may start later (${later[0].code}): ${later[0].message}${pause}`
  return { ...some, waiting, afterSeconds, detail: waiting.slice(0, 1_000) }
}

/** For containers that wait for others: they end by themselves when their drill renews no lease. */
export async function holdContainers(
  clients: Clients,
  { drillId }: DrillRef,
): Promise<{ readonly abort: string | null }> {
  await renewLease(clients, drillId)
  return { abort: await readAbort(clients.blobs, drillId) }
}
