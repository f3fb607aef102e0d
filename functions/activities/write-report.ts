/** Gathers what is known of a drill, builds and judges the report, renders and stores it. A repeated run writes the same files. */
import type { InvocationContext } from '@azure/functions'
import { rawFiles } from '../archive/sums.ts'
import { AFTER } from '../checklist/after.ts'
import { judgeRows } from '../checklist/check.ts'
import type { Clients } from '../clients/clients.ts'
import { drillsOfServer, readIndexEntry, writeIndexEntry } from '../clients/storage/drill-list.ts'
import { likenessOf } from '../event-kinds/likeness.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { ContainerEnd } from '../model/container-end.ts'
import { isLike, type TrendEntry } from '../model/drill-index.ts'
import type { EarlyEnd } from '../model/early-end/stopped-by.ts'
import type { DrillOutcome } from '../model/evidence.ts'
import type { Facts, PlatformLog } from '../model/facts.ts'
import { digestOf } from '../model/files/manifest.ts'
import type { Amendment, ReportInputs } from '../model/files/report-inputs.ts'
import { loadPlanOf } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { CheckResult, JournalEntry, Report, Verdict } from '../model/report.ts'
import type { Renderer } from '../render/formats.ts'
import { drillResultLine, type Edition } from '../render/log-lines.ts'
import type { ReportData } from '../render/text/report-data.ts'
import { assemble } from '../report-model/build.ts'
import { reportedEntry, TREND_LENGTH } from '../report-model/trend.ts'
import type { AuditRecord } from './audit.ts'
import type { CleanupRecord } from './clean-up.ts'
import { eventEvidence, undoOfEvents } from './events/progress.ts'
import { readWalPositions } from './events/wal-positions.ts'
import type { MetricsRecord } from './metrics.ts'
import type { ProvisionRecord } from './provision.ts'
import { type MergedLoad, type MergedLoads, mergedLoads } from './records/merged-load.ts'
import { writeReportFiles } from './records/report-files.ts'
import { readStepProbes } from './records/step-probe-records.ts'
import { type DrillRef, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'
import { amended } from './upkeep/amend-report.ts'

export interface ReportRequest extends DrillRef {
  /** The first is written as soon as it can be; the final one holds what arrived late. */
  readonly edition: Edition
  readonly earlyEnd: EarlyEnd | null
  readonly journal: readonly JournalEntry[]
}

interface Written {
  readonly verdict: Verdict
  readonly headline: string
  readonly detail: string
}

/** What a report is made with. */
interface ReportTools {
  readonly clients: Clients
  readonly settings: ActivitySettings
  readonly loads: MergedLoads
  readonly renderers: readonly Renderer[]
}

const AUDIT_PASSES = [1, 2]
/** Rows of the server, of any load and events: bounds what one report reads. */
const MAX_EARLIER_DRILLS = 500

export async function writeReport(
  { clients, settings, loads, renderers }: ReportTools,
  request: ReportRequest,
  context: Pick<InvocationContext, 'log'>,
): Promise<Written> {
  const { blobs, table } = clients
  const plan = await readPlan(blobs, request.drillId)
  const final = request.edition === 'first' ? await finalReport(table, plan) : null
  if (final !== null) return final
  const inputs: ReportInputs = {
    endedAt: clients.clock.now().toISOString(),
    earlyEnd: request.earlyEnd,
    journal: request.journal,
    prices: settings.prices,
    undo: await undoOfEvents(blobs, plan),
    earlier: await earlierDrills(table, plan),
  }
  await blobs.writeJson(drillBlobs.reportInputs(plan.drillId), inputs)
  await blobs.delete(drillBlobs.amendments(plan.drillId))
  const load = await loads(plan)
  const files = await rawFiles(blobs, plan.drillId, load.sums)
  await blobs.writeJson(drillBlobs.rawFiles(plan.drillId), files)
  const data = await computed(blobs, plan, inputs, load, digestOf(files))
  const problems = await writeReportFiles(blobs, renderers, plan.drillId, data)
  await writeIndexEntry(table, reportedEntry(plan, data.report, request.edition === 'final'))
  // Last: a reader of this line finds the report.
  context.log(drillResultLine(data.report, plan.target, request.edition))
  const { verdict, headline } = data.report
  return { verdict, headline, detail: [`${verdict}: ${headline}`, ...problems].join('; ') }
}

/** The platform may carry out a step once more, long after its drill went on: then the first report must not replace the final one. */
async function finalReport(table: Clients['table'], plan: DrillPlan): Promise<Written | null> {
  const { endedAt = null, verdict = null, headline } = (await readIndexEntry(table, plan)) ?? {}
  if (endedAt === null || verdict === null) return null
  return { verdict, headline: headline ?? '', detail: `${verdict}: the final report is there already` }
}

type StoredRecords = Pick<Clients['blobs'], 'list' | 'readJson' | 'readText' | 'readStream' | 'readFrom'>

/** The report once more, from the records of a drill alone. Throws when a record that it needs is not there. */
export async function computeReport(blobs: StoredRecords, drillId: string): Promise<ReportData> {
  const plan = await readPlan(blobs, drillId)
  const inputs = await blobs.readJson<ReportInputs>(drillBlobs.reportInputs(drillId))
  if (inputs === null) throw new Error(`drill ${drillId} has no record of what its report was computed from`)
  const load = await mergedLoads(blobs)(plan)
  const files = await rawFiles(blobs, drillId, load.sums)
  const data = await computed(blobs, plan, inputs, load, digestOf(files))
  const later = await blobs.readJson<Amendment[]>(drillBlobs.amendments(drillId))
  return later === null ? data : { ...data, report: amended(data.report, later) }
}

async function computed(
  blobs: StoredRecords,
  plan: DrillPlan,
  inputs: ReportInputs,
  load: MergedLoad,
  evidence: Report['evidence'],
): Promise<ReportData> {
  const data = judged(await gatherOutcome(blobs, plan, inputs, load), load, inputs.earlier)
  return { ...data, report: { ...data.report, evidence } }
}

async function gatherOutcome(
  blobs: StoredRecords,
  plan: DrillPlan,
  { endedAt, earlyEnd, journal, prices, undo }: ReportInputs,
  load: MergedLoad,
): Promise<DrillOutcome> {
  const { drillId } = plan
  const read = <T>(name: string) => blobs.readJson<T>(name)
  const [facts, checks, ends, metrics, platformLog, cleanup, provisioned, events, audits, stepProbes, walPositions] =
    await Promise.all([
      read<Facts>(drillBlobs.facts(drillId)),
      read<CheckResult[]>(drillBlobs.checks(drillId)),
      read<ContainerEnd[]>(drillBlobs.containers(drillId)),
      read<MetricsRecord>(drillBlobs.metrics(drillId)),
      read<PlatformLog>(drillBlobs.platformLog(drillId)),
      read<CleanupRecord>(drillBlobs.cleanup(drillId)),
      read<ProvisionRecord>(drillBlobs.provisioned(drillId)),
      eventEvidence({ blobs }, plan, undo),
      Promise.all(AUDIT_PASSES.map((pass) => read<AuditRecord>(drillBlobs.audit(drillId, pass)))),
      readStepProbes(blobs, drillId),
      readWalPositions(blobs, plan),
    ])
  const containers = ends ?? []
  return {
    plan,
    loadPlan: loadPlanOf(plan),
    startedAt: plan.requestedAt,
    endedAt,
    loadStartAtMs: load.loadStartAtMs,
    facts,
    checks: checks ?? [],
    events,
    summaries: load.summaries,
    stepProbes,
    walPositions,
    containers,
    ...auditsOf(audits),
    metrics: metrics?.series ?? [],
    metricsComplete: metrics?.complete ?? false,
    platformLog,
    cleanup: { containersLeft: cleanup?.containersLeft ?? null, verifiedAt: cleanup?.verifiedAt ?? null },
    earlyEnd,
    journal,
    containerSeconds: containerSeconds(containers, provisioned, cleanup),
    prices,
  }
}

function judged(outcome: DrillOutcome, { merged }: MergedLoad, earlier: readonly TrendEntry[]): ReportData {
  const { report, charts } = assemble(outcome, outcome.loadStartAtMs === null ? null : merged, earlier)
  // Nothing was measured that a check could judge.
  if (report.stoppedBy !== null) return { report, ...charts }
  const after = judgeRows(AFTER, 'after', { outcome, report }, outcome.plan.force)
  return { report: { ...report, checklist: [...report.checklist, ...after] }, ...charts }
}

/** Of the same server, newest first, until there are enough like drills for a trend. */
export async function earlierDrills(table: Clients['table'], plan: DrillPlan): Promise<TrendEntry[]> {
  const like = likenessOf(plan)
  const read: TrendEntry[] = []
  let found = 0
  for await (const { trend } of drillsOfServer(table, plan.target, { before: plan })) {
    if (trend === null) continue
    read.push(trend)
    if (isLike(trend.like, like)) found++
    if (found === TREND_LENGTH || read.length === MAX_EARLIER_DRILLS) break
  }
  return read
}

function auditsOf(records: ReadonlyArray<AuditRecord | null>): Pick<DrillOutcome, 'audits' | 'auditProblem'> {
  const problem = records.findLast((record) => record?.kind === 'impossible')
  return {
    audits: records.flatMap((record) => (record?.kind === 'made' ? [record.pass] : [])),
    auditProblem: problem?.kind === 'impossible' ? problem.why : null,
  }
}

/** From each container's start to its end, or to the clean-up when its end was not seen. */
function containerSeconds(
  containers: readonly ContainerEnd[],
  provisioned: ProvisionRecord | null,
  cleanup: CleanupRecord | null,
): number | null {
  if (provisioned === null) return null
  const from = (end: ContainerEnd | undefined) => Date.parse(end?.startedAt ?? provisioned.at)
  const to = (end: ContainerEnd | undefined) => Date.parse(end?.finishedAt ?? cleanup?.verifiedAt ?? provisioned.at)
  const seconds = provisioned.groups.map((_, k) => {
    const end = containers.find(({ container }) => container === k)
    return Math.max(0, (to(end) - from(end)) / 1000)
  })
  return Math.round(seconds.reduce((sum, one) => sum + one, 0))
}
