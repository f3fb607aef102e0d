/** Sends the drill's end to the webhook, if one is configured. The orchestrator retries it a few times; a failure changes no verdict. */
import type { Clients } from '../../clients/clients.ts'
import { readIndexEntry } from '../../clients/storage/drill-list.ts'
import { drillMessage } from '../../model/history/messages.ts'
import { type DrillRef, readPlan } from '../records/stored-drill.ts'

export async function notify(
  { blobs, table, webhook }: Pick<Clients, 'blobs' | 'table' | 'webhook'>,
  { drillId }: DrillRef,
): Promise<{ readonly detail: string }> {
  if (!webhook.isConfigured) return { detail: 'no webhook is configured' }
  const plan = await readPlan(blobs, drillId)
  const entry = await readIndexEntry(table, plan)
  const { server, resourceGroup } = plan.target
  const ended = {
    type: 'drill.ended',
    drillId,
    verdict: entry?.verdict ?? null,
    summary: entry?.headline ?? 'the drill ended without a report',
    stoppedBy: entry?.stoppedBy ?? null,
    server,
    resourceGroup,
  } as const
  await webhook.send(drillMessage(ended, webhook.appUrl))
  return { detail: 'the webhook was notified' }
}
