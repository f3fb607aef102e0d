/** Gathers the facts that the checklist judges. A source that does not answer becomes a gap with its reason and hides no other. */
import { errorText } from '../../loadgen-image/contract/redact.ts'
import { BEFORE } from '../checklist/before.ts'
import { judgeRows, obstacles } from '../checklist/check.ts'
import { FIXED_BY_MIGRATION } from '../checklist/load.ts'
import type { Clients } from '../clients/clients.ts'
import { unreachableLoad } from '../clients/postgres/load-session.ts'
import { unreachable } from '../clients/postgres/session-facts.ts'
import { readLastPromotion } from '../clients/storage/last-promotion.ts'
import { isNeededBy, platformRequestOf } from '../event-kinds/kinds.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { ContainerFacts, Facts, LoadSessionFacts, LoadWays, SessionFacts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { CheckResult } from '../model/report.ts'
import { serverPlaceOf } from '../platform/names.ts'
import { isSameName } from './events/identity.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'

interface Checked {
  readonly passed: boolean
  readonly abort: string | null
  readonly detail: string
}

const MAX_POLLS_AFTER_MIGRATION = 5
const POLL_PAUSE_MS = 5_000

/** The history keeps the verdicts: a deployment that changes a threshold cannot change what a replay decides. */
export async function check(clients: Clients, { drillId }: DrillRef): Promise<Checked> {
  const { blobs } = clients
  const plan = await readPlan(blobs, drillId)
  const found = await gatherFacts(clients, plan)
  const migration = await migrateIfAllowed(clients.database, plan, judge(plan, found))
  const facts = migration === null ? found : await pollSchema(clients, plan, found)
  const results = judge(plan, facts)
  await blobs.writeJson(drillBlobs.facts(drillId), facts)
  await blobs.writeJson(drillBlobs.checks(drillId), results)
  const summary = summaryOf(results)
  return {
    passed: obstacles(results).length === 0,
    abort: await readAbort(blobs, drillId),
    detail: (migration === null ? summary : `${migration}; ${summary}`).slice(0, 1_000),
  }
}

const judge = (plan: DrillPlan, facts: Facts): CheckResult[] =>
  judgeRows(
    BEFORE.filter(({ id }) => isNeededBy(plan.events, id)),
    'before',
    { plan, facts },
    plan.force,
  )

function summaryOf(results: readonly CheckResult[]): string {
  const failed = obstacles(results).map(({ id, seen, wanted }) => `${id}: ${seen}, wanted ${wanted}`)
  if (failed.length > 0) return `the checklist failed: ${failed.join('; ')}`
  const forced = results.filter((result) => result.forced).map(({ id }) => id)
  const passed = results.filter(({ verdict }) => verdict === 'pass').length
  return `${passed} of ${results.length} passed${forced.length > 0 ? `; forced: ${forced.join(', ')}` : ''}`
}

// ---- Migration ----------------------------------------------------------------------------------------------------------

/** What was done, for the journal; null when nothing was tried. A migration that fails changes nothing: the rows fail as before. */
async function migrateIfAllowed(
  database: Clients['database'],
  plan: DrillPlan,
  results: readonly CheckResult[],
): Promise<string | null> {
  const isNeeded = results.some(({ id, verdict }) => verdict === 'fail' && FIXED_BY_MIGRATION.some((row) => row === id))
  if (!plan.migrate || !isNeeded) return null
  try {
    const done = await database.migrate(plan.target)
    return `migrated as the request allows: ${done.join(', ') || 'nothing was missing'}`
  } catch (error) {
    return `the migration that the request allows failed: ${errorText(error)}`
  }
}

/** Several polls: PgBouncer retries a failed login after 15 s, and until then refuses even a role that exists now. */
async function pollSchema(clients: Clients, plan: DrillPlan, facts: Facts): Promise<Facts> {
  for (let polls = 1; ; polls++) {
    const gaps = [...facts.gaps]
    const loadSessions = await loadSessionsOf(clients, plan)
    const schema = await readSchema(clients, plan, gaps)
    if (schema?.canary !== 'failed' || polls === MAX_POLLS_AFTER_MIGRATION)
      return { ...facts, loadSessions, schema, gaps }
    await clients.clock.sleep(POLL_PAUSE_MS)
  }
}

// ---- Facts --------------------------------------------------------------------------------------------------------------

async function gatherFacts(clients: Clients, plan: DrillPlan): Promise<Facts> {
  const { blobs, clock, servers } = clients
  const { target } = plan
  const gaps: string[] = []
  const [server, parameters, pgbouncer, direct, loadSessions, schema, containers, last, own] = await Promise.all([
    orGap('server', gaps, servers.get(target)),
    orGap('parameters', gaps, servers.parameters(target)),
    sessionVia(clients, target, 'pgbouncer'),
    sessionVia(clients, target, 'direct'),
    loadSessionsOf(clients, plan),
    readSchema(clients, plan, gaps),
    containerFacts(clients, gaps),
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

/** The value, or null and a line in `gaps`. */
async function orGap<T>(source: string, gaps: string[], value: Promise<T>): Promise<T | null> {
  try {
    return await value
  } catch (error) {
    gaps.push(`${source}: ${errorText(error)}`)
    return null
  }
}

const readSchema = ({ database }: Clients, plan: DrillPlan, gaps: string[]) =>
  orGap('schema', gaps, database.schema(plan.target, waysOf(plan)))

const sessionVia = (
  { database }: Clients,
  target: DrillPlan['target'],
  via: SessionFacts['via'],
): Promise<SessionFacts> => database.session(target, via).catch((error: unknown) => unreachable(via, error))

const loadSessionsOf = ({ database }: Clients, plan: DrillPlan): Promise<LoadSessionFacts[]> =>
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

async function containerFacts({ blobs, groups, registry }: Clients, gaps: string[]): Promise<ContainerFacts> {
  const [place, image, blobWritable] = await Promise.all([
    orGap('containers', gaps, groups.facts()),
    orGap('image', gaps, registry.image()),
    orGap('blob storage', gaps, blobs.isWritable()),
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
