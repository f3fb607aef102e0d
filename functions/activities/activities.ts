/** Every activity by its name. The clients come from outside: they reach Azure, the local stack or the test world. */
import type { InvocationContext } from '@azure/functions'
import type { Clients } from '../clients/clients.ts'
import type { CampaignTurn } from '../model/campaign/campaign.ts'
import { renderers as allRenderers, type Renderer } from '../render/formats.ts'
import { type AuditRequest, audit } from './audit.ts'
import { type CampaignRef, notifyCampaign } from './campaign/notify.ts'
import { type CampaignReportRequest, writeCampaignReport } from './campaign/report.ts'
import { campaignTurn } from './campaign/turn.ts'
import { causeEvent, type EventAttempt } from './cause-event.ts'
import { check } from './check.ts'
import { cleanUp, type UndoRequest, undoEvents } from './clean-up.ts'
import { collect } from './collect.ts'
import { gatherMetrics } from './metrics.ts'
import { holdContainers, provision } from './provision.ts'
import { mergedLoads } from './records/merged-load.ts'
import type { DrillRef } from './records/stored-drill.ts'
import { release, reserve } from './reserve.ts'
import { startServer, stopServer } from './server-power.ts'
import type { ActivitySettings } from './settings.ts'
import { noteContainers, pollReady, type StopRequest, startLoad, stopLoad } from './start-load.ts'
import { finishUndo } from './upkeep/finish-undo.ts'
import { notify } from './upkeep/notify.ts'
import { deleteOldRows } from './upkeep/old-rows.ts'
import { stopStartedServers } from './upkeep/started-servers.ts'
import { sweep } from './upkeep/sweep.ts'
import { pollHealth, pollLoad } from './watch.ts'
import { type ReportRequest, writeReport } from './write-report.ts'

export function createActivities(
  clients: Clients,
  settings: ActivitySettings,
  renderers: readonly Renderer[] = allRenderers,
) {
  const loads = mergedLoads(clients.blobs)
  return {
    reserve: (input: DrillRef) => reserve(clients, input),
    startServer: (input: DrillRef) => startServer(clients, settings, input),
    stopServer: (input: DrillRef) => stopServer(clients, input),
    release: (input: DrillRef) => release(clients, input),
    check: (input: DrillRef) => check(clients, settings, input),
    provision: (input: DrillRef) => provision(clients, settings, input),
    holdContainers: (input: DrillRef) => holdContainers(clients, input),
    pollReady: (input: DrillRef) => pollReady(clients, input),
    startLoad: (input: DrillRef) => startLoad(clients, settings, input),
    pollLoad: (input: DrillRef) => pollLoad(clients, input),
    causeEvent: (input: EventAttempt) => causeEvent(clients, settings, input),
    stopLoad: (input: StopRequest) => stopLoad(clients, input),
    noteContainers: (input: DrillRef) => noteContainers(clients, input),
    collect: (input: DrillRef) => collect(clients, loads, input),
    audit: (input: AuditRequest) => audit(clients, loads, input),
    cleanUp: (input: DrillRef) => cleanUp(clients, input),
    undoEvents: (input: UndoRequest) => undoEvents(clients, settings, input),
    pollHealth: (input: DrillRef) => pollHealth(clients, input),
    gatherMetrics: (input: DrillRef) => gatherMetrics(clients, input),
    writeReport: (input: ReportRequest, context: Pick<InvocationContext, 'log'>) =>
      writeReport({ clients, settings, loads, renderers }, input, context),
    deleteOldRows: (input: DrillRef) => deleteOldRows(clients, settings, input),
    notify: (input: DrillRef) => notify(clients, input),
    campaignTurn: (input: CampaignTurn) => campaignTurn(clients, input),
    writeCampaignReport: (input: CampaignReportRequest, context: Pick<InvocationContext, 'log'>) =>
      writeCampaignReport(clients, input, context),
    notifyCampaign: (input: CampaignRef) => notifyCampaign(clients, input),
    sweep: () => sweep(clients),
    stopStartedServers: () => stopStartedServers(clients),
    finishUndo: () => finishUndo(clients, renderers, settings.eventSilenceSeconds),
  }
}
