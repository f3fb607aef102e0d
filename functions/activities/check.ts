/** The checklist before a drill: gathers its facts, migrates where the request allows it, and judges. */
import { errorText } from '../../loadgen-image/contract/redact.ts'
import { judgeBefore } from '../checklist/before.ts'
import { obstacles } from '../checklist/check.ts'
import { FIXED_BY_MIGRATION } from '../checklist/load.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { Facts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { CheckResult } from '../model/report.ts'
import { gatherFacts, loadSessionsOf, readSchema } from './facts/gather.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { RowSettings } from './upkeep/old-rows.ts'

interface Checked {
  readonly passed: boolean
  readonly abort: string | null
  readonly detail: string
}

const MAX_POLLS_AFTER_MIGRATION = 5
const POLL_PAUSE_MS = 5_000

/** The history keeps the verdicts: a deployment that changes a threshold cannot change what a replay decides. */
export async function check(clients: Clients, settings: RowSettings, { drillId }: DrillRef): Promise<Checked> {
  const { blobs } = clients
  const plan = await readPlan(blobs, drillId)
  const { rowsRetentionDays } = settings.upkeepOf(plan.target)
  const found = await gatherFacts(clients, plan, { mayWrite: true, rowsRetentionDays })
  const migration = await migrateIfAllowed(clients.database, plan, judgeBefore(plan, found))
  const facts = migration === null ? found : await pollSchema(clients, plan, found)
  const results = judgeBefore(plan, facts)
  await blobs.writeJson(drillBlobs.facts(drillId), facts)
  await blobs.writeJson(drillBlobs.checks(drillId), results)
  const summary = summaryOf(results)
  return {
    passed: obstacles(results).length === 0,
    abort: await readAbort(blobs, drillId),
    detail: (migration === null ? summary : `${migration}; ${summary}`).slice(0, 1_000),
  }
}

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
