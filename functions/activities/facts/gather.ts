/** Gathers the facts that the checklist judges. A source that does not answer becomes a gap with its reason and hides no other. */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients } from '../../clients/clients.ts'
import { unreachableLoad } from '../../clients/postgres/load-session.ts'
import { unreachable } from '../../clients/postgres/session-facts.ts'
import { readLastPromotion } from '../../clients/storage/last-promotion.ts'
import { platformRequestOf } from '../../event-kinds/kinds.ts'
import type { ContainerFacts, Facts, LoadSessionFacts, LoadWays, SessionFacts } from '../../model/facts.ts'
import type { DrillPlan } from '../../model/plan.ts'
import { serverPlaceOf } from '../../platform/names.ts'
import { isSameName } from '../events/identity.ts'
import { diskFacts } from './disk.ts'
import { orGap } from './gap.ts'

interface Gathering {
  /** False: neither the database nor the storage gets a row to try them by, and what that would show is not known. */
  readonly mayWrite: boolean
  /** 0: indefinitely. Null: it is not known here. */
  readonly rowsRetentionDays: number | null
}

export async function gatherFacts(
  clients: Clients,
  plan: DrillPlan,
  { mayWrite, rowsRetentionDays }: Gathering,
): Promise<Facts> {
  const { blobs, clock, servers } = clients
  const { target } = plan
  const gaps: string[] = []
  const serverFacts = orGap('server', gaps, servers.get(target))
  const [server, parameters, pgbouncer, direct, loadSessions, schema, disk, containers, last, own] = await Promise.all([
    serverFacts,
    orGap('parameters', gaps, servers.parameters(target)),
    sessionVia(clients, target, 'pgbouncer'),
    sessionVia(clients, target, 'direct'),
    loadSessionsOf(clients, plan),
    readSchema(clients, plan, gaps, { mayWrite }),
    serverFacts.then((server) => diskFacts(clients, plan, gaps, { serverId: server?.id ?? null, rowsRetentionDays })),
    containerFacts(clients, gaps, { mayWrite }),
    orGap('last promotion', gaps, readLastPromotion(blobs, target)),
    factsOfEvents(clients, plan, gaps),
  ])
  return {
    observedAt: clock.now().toISOString(),
    server,
    parameters,
    sessions: [pgbouncer, direct],
    loadSessions,
    schema,
    disk,
    containers,
    lastPromotionAt: last?.at ?? null,
    ...own,
    gaps,
  }
}

/** Read only for drills whose events need them. */
async function factsOfEvents(
  { servers, database }: Clients,
  { target, events }: DrillPlan,
  gaps: string[],
): Promise<Pick<Facts, 'sizes' | 'switchover'>> {
  const requests = events.map(platformRequestOf)
  const isScaled = requests.some((request) => request?.call === 'scale')
  const sizes = isScaled ? await orGap('sizes', gaps, servers.sizes(target)) : null
  const promotion = requests.find((request) => request?.call === 'promote')
  if (promotion?.call !== 'promote') return { sizes, switchover: null }
  const [replicas, endpoints] = await Promise.all([
    orGap('replicas', gaps, servers.replicas(target)),
    orGap('virtual endpoints', gaps, servers.virtualEndpoints(target)),
  ])
  const found = replicas?.find(({ name }) => isSameName(name, promotion.replica))
  const place = found === undefined ? null : serverPlaceOf(found.id)
  const replicaParameters =
    place === null ? null : await orGap('parameters of the replica', gaps, servers.parameters({ ...target, ...place }))
  return { sizes, switchover: { host: database.host(target), replicas, replicaParameters, endpoints } }
}

export async function readSchema(
  { database }: Clients,
  plan: DrillPlan,
  gaps: string[],
  { mayWrite } = { mayWrite: true },
): Promise<Facts['schema']> {
  const ways = waysOf(plan)
  // The canary goes by each of these ways.
  const schema = await orGap('schema', gaps, database.schema(plan.target, mayWrite ? ways : { ...ways, vias: [] }))
  return schema === null || mayWrite ? schema : { ...schema, canary: null, canaryError: null }
}

const sessionVia = (
  { database }: Clients,
  target: DrillPlan['target'],
  via: SessionFacts['via'],
): Promise<SessionFacts> => database.session(target, via).catch((error: unknown) => unreachable(via, error))

export const loadSessionsOf = ({ database }: Clients, plan: DrillPlan): Promise<LoadSessionFacts[]> =>
  Promise.all(
    waysOf(plan).vias.map((via) =>
      database.loadSession(plan.target, via).catch((error: unknown) => unreachableLoad(via, errorText(error))),
    ),
  )

/** The ways in that the load takes, each once. */
const waysOf = ({ load }: DrillPlan): LoadWays => ({
  vias: (['pgbouncer', 'direct'] as const).filter((via) => load.cohorts.some((cohort) => cohort.via === via)),
  transactions: load.transactions,
})

async function containerFacts(
  { blobs, groups, registry }: Clients,
  gaps: string[],
  { mayWrite }: { readonly mayWrite: boolean },
): Promise<ContainerFacts> {
  const [place, image, blobWritable] = await Promise.all([
    orGap('containers', gaps, groups.facts()),
    orGap('image', gaps, registry.image()),
    mayWrite ? orGap('blob storage', gaps, blobs.isWritable()) : null,
  ])
  return {
    usages: place?.usages ?? null,
    maxCpu: place?.maxCpu ?? null,
    maxMemoryGb: place?.maxMemoryGb ?? null,
    resourceGroupExists: place?.resourceGroupExists ?? null,
    identityTokenOk: place?.identityTokenOk ?? null,
    image,
    blobWritable,
  }
}
