/** Looks at everything the checklist judges. What cannot be seen is a gap with its reason, and hides nothing else. */
import { BEFORE } from '../checklist/before.ts'
import { judgeRows, obstacles } from '../checklist/check.ts'
import { FIXED_BY_MIGRATION } from '../checklist/load.ts'
import type { Clients } from '../clients/clients.ts'
import { unreachableLoad } from '../clients/postgres/load-session.ts'
import { unreachable } from '../clients/postgres/session-facts.ts'
import { readLastFailover } from '../clients/storage/last-failover.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { ContainerFacts, Facts, LoadSessionFacts, LoadWays, SessionFacts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { CheckResult } from '../model/report.ts'
import { type DrillRef, describeError, readAbort, readPlan, seen } from './records/stored-drill.ts'

export interface Checked {
  readonly passed: boolean
  readonly abort: string | null
  readonly detail: string
}

const LOOKS_AFTER_MIGRATION = 5
const LOOK_AGAIN_MS = 5_000

export function factActivities(clients: Clients) {
  const { blobs, clock } = clients

  /** The verdicts lie in the history: a deployment that changes a threshold cannot change what a replay decides. */
  async function check({ drillId }: DrillRef): Promise<Checked> {
    const plan = await readPlan(blobs, drillId)
    const found = await gatherFacts(plan)
    const migration = await migrateIfAllowed(plan, judge(plan, found))
    const facts = migration === null ? found : await lookAgain(plan, found)
    const results = judge(plan, facts)
    await blobs.writeJson(drillBlobs.facts(drillId), facts)
    await blobs.writeJson(drillBlobs.checks(drillId), results)
    const failed = obstacles(results)
    const told = failed.map(({ id, seen: what, wanted }) => `${id}: ${what}, wanted ${wanted}`)
    const forced = results.filter((result) => result.forced).map(({ id }) => id)
    const passed = results.filter(({ verdict }) => verdict === 'pass').length
    const changed = migration === null ? '' : `${migration}; `
    const summary = `${passed} of ${results.length} passed${forced.length > 0 ? `; forced: ${forced.join(', ')}` : ''}`
    return {
      passed: failed.length === 0,
      abort: await readAbort(blobs, drillId),
      detail: (changed + (failed.length === 0 ? summary : `the checklist failed: ${told.join('; ')}`)).slice(0, 1_000),
    }
  }

  /**
   * What was done, for the journal; null when nothing was tried. A migration that fails changes nothing, and then the rows of
   * the checklist fail as they did before.
   */
  async function migrateIfAllowed(plan: DrillPlan, results: readonly CheckResult[]): Promise<string | null> {
    const isNeeded = results.some(
      ({ id, verdict }) => verdict === 'fail' && FIXED_BY_MIGRATION.some((row) => row === id),
    )
    if (!plan.migrate || !isNeeded) return null
    try {
      const done = await clients.database.migrate(plan.target)
      return `migrated as the request allows: ${done.join(', ') || 'nothing was missing'}`
    } catch (error) {
      return `the migration that the request allows failed: ${describeError(error)}`
    }
  }

  /** Several times: PgBouncer tries a login that failed again after 15 s, and until then refuses also a role that is there now. */
  async function lookAgain(plan: DrillPlan, facts: Facts): Promise<Facts> {
    for (let looks = 1; ; looks++) {
      const gaps = [...facts.gaps]
      const loadSessions = await loadSessionsOf(plan)
      const schema = await seen('schema', gaps, () => clients.database.schema(plan.target, waysOf(plan)))
      if (schema?.canary !== 'failed' || looks === LOOKS_AFTER_MIGRATION)
        return { ...facts, loadSessions, schema, gaps }
      await clock.sleep(LOOK_AGAIN_MS)
    }
  }

  async function gatherFacts(plan: DrillPlan): Promise<Facts> {
    const { target } = plan
    const gaps: string[] = []
    const [server, parameters, pgbouncer, direct, loadSessions, schema, containers, last] = await Promise.all([
      seen('server', gaps, () => clients.servers.get(target)),
      seen('parameters', gaps, () => clients.servers.parameters(target)),
      sessionVia(target, 'pgbouncer'),
      sessionVia(target, 'direct'),
      loadSessionsOf(plan),
      seen('schema', gaps, () => clients.database.schema(target, waysOf(plan))),
      containerFacts(gaps),
      seen('last failover', gaps, () => readLastFailover(blobs, target)),
    ])
    return {
      observedAt: clock.now().toISOString(),
      server,
      parameters,
      sessions: [pgbouncer, direct],
      loadSessions,
      schema,
      containers,
      lastFailoverAt: last?.at ?? null,
      gaps,
    }
  }

  const sessionVia = (target: DrillPlan['target'], via: SessionFacts['via']): Promise<SessionFacts> =>
    clients.database.session(target, via).catch((error: unknown) => unreachable(via, error))

  const loadSessionsOf = (plan: DrillPlan): Promise<LoadSessionFacts[]> =>
    Promise.all(
      waysOf(plan).vias.map((via) =>
        clients.database
          .loadSession(plan.target, via)
          .catch((error: unknown) => unreachableLoad(via, describeError(error))),
      ),
    )

  async function containerFacts(gaps: string[]): Promise<ContainerFacts> {
    const [place, image, blobWritable] = await Promise.all([
      seen('containers', gaps, () => clients.groups.facts()),
      seen('image', gaps, () => clients.registry.image()),
      seen('blob storage', gaps, () => blobs.isWritable()),
    ])
    const { usages = null, maxCpu = null, maxMemoryGb = null } = place ?? {}
    const { resourceGroupExists = null, identityTokenOk = null } = place ?? {}
    return { usages, maxCpu, maxMemoryGb, resourceGroupExists, identityTokenOk, image, blobWritable }
  }

  return { check }
}

const judge = (plan: DrillPlan, facts: Facts): CheckResult[] => judgeRows(BEFORE, 'before', { plan, facts }, plan.force)

/** The ways in that the load takes, each once. */
const waysOf = ({ load }: DrillPlan): LoadWays => ({
  vias: (['pgbouncer', 'direct'] as const).filter((via) => load.cohorts.some((cohort) => cohort.via === via)),
  transactions: load.transactions,
})
