/** The audit: compares what the clients were answered with the rows that the database holds. */

import { errorText } from '../../loadgen-image/contract/redact.ts'
import { auditLedger } from '../analysis/ledger-audit.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { AuditPass } from '../model/evidence.ts'
import type { DrillPlan } from '../model/plan.ts'
import { primaryNow } from './events/identity.ts'
import type { MergedLoads } from './records/merged-load.ts'
import { type DrillRef, readPlan } from './records/stored-drill.ts'

/** An audit that was impossible carries its reason for the report. */
export type AuditRecord =
  | { readonly kind: 'made'; readonly pass: AuditPass }
  | { readonly kind: 'impossible'; readonly why: string }

export interface AuditRequest extends DrillRef {
  readonly pass: number
}

interface Audited {
  /** The pause before the second pass begins here; null: this pass was not made. */
  readonly endedAtMs: number | null
  readonly detail: string
}

/** Throws while the database cannot be read, so that the step is repeated. A question without an answer is recorded. */
export async function audit(clients: Clients, loads: MergedLoads, { drillId, pass }: AuditRequest): Promise<Audited> {
  const record = (found: AuditRecord) => recordAudit(clients.blobs, drillId, pass, found)
  const plan = await readPlan(clients.blobs, drillId)
  if (plan.load.transactions === 'compat')
    return record({ kind: 'impossible', why: 'the plain transactions table has no keys to compare' })
  try {
    return await record({ kind: 'made', pass: await auditOnce(clients, loads, plan) })
  } catch (error) {
    await record({ kind: 'impossible', why: errorText(error) })
    throw error
  }
}

async function auditOnce(
  { clock, database, servers }: Clients,
  loads: MergedLoads,
  plan: DrillPlan,
): Promise<AuditPass> {
  const session = await database.session(plan.target, 'direct')
  if (!session.reachable) throw new Error(`auditing failed: the database cannot be reached (${session.error})`)
  if (session.inRecovery !== false)
    throw new Error('auditing failed: the server that answers is in recovery, so it is not the primary')
  const { merged } = await loads(plan)
  const now = () => clock.now().toISOString()
  const { timeline, inRecovery, address } = session
  const serverId = (await primaryNow({ servers }, plan.target))?.id ?? null
  const watchRuns = await database.storedWatchRuns(plan.target, plan.drillId)
  const moment = { at: now(), timeline, inRecovery, address, serverId, watchRuns }
  return auditLedger(merged.ledger, database.storedRuns(plan.target, plan.drillId), moment, now)
}

async function recordAudit(
  blobs: Clients['blobs'],
  drillId: string,
  pass: number,
  record: AuditRecord,
): Promise<Audited> {
  await blobs.writeJson(drillBlobs.audit(drillId, pass), record)
  if (record.kind === 'impossible') return { endedAtMs: null, detail: record.why }
  const { rows, lost, recovered, misjudged, unexpected, duplicates } = record.pass
  return {
    endedAtMs: Date.parse(record.pass.endedAt),
    detail:
      `${rows} rows: ${lost} lost, ${recovered} recovered, ${misjudged} misjudged, ` +
      `${unexpected} unexpected, ${duplicates} duplicates`,
  }
}
