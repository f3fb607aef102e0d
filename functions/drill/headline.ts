/** One sentence for the top of the page. */
import type { ReportFigures } from './criteria-figures.ts'
import type { DrillOutcome } from './outcome.ts'
import type { Criterion } from './report.ts'
import type { Judgement } from './verdict.ts'

export function headlineOf(
  { plan, abortedBecause }: DrillOutcome,
  figures: ReportFigures,
  criteria: readonly Criterion[],
  { verdict, reasons }: Judgement,
): string {
  const subject = subjectOf(plan.target.server, figures)
  const facts = [service(figures, criteria), commits(figures)].filter((part) => part !== null).join(', ')
  switch (verdict) {
    case 'PASS':
      return `${subject}: ${facts}.${unmeasured(criteria)}`
    case 'FAIL':
      return `${subject}: ${facts}. ${reasons[0] ?? ''}`.trim()
    case 'INCONCLUSIVE':
      return `${subject} is inconclusive. ${reasons[0] ?? ''}`.trim()
    case 'ABORTED':
      return `${subject} was aborted: ${abortedBecause}.`
  }
}

function subjectOf(server: string, { failovers }: ReportFigures): string {
  const [first] = failovers
  if (first === undefined) return `Drill of ${server} without a failover`
  const mode = first.mode === 'planned' ? 'Planned' : 'Forced'
  const from = first.proof.before?.availabilityZone
  const to = first.proof.after?.availabilityZone
  const zones = from != null && to != null && from !== to ? `, zone ${from} to ${to}` : ''
  const more = failovers.length > 1 ? ` (the first of ${failovers.length})` : ''
  return `${mode} failover of ${server}${zones}${more}`
}

function service({ recovery, events }: ReportFigures, criteria: readonly Criterion[]): string | null {
  if (events.t1 === null) return null
  if (events.t2 === null) return 'service did not come back while the load ran'
  if (recovery.recoveryTimeSeconds === null)
    return `first commit after ${recovery.writeOutageSeconds} s, but service not sustained`
  const bound = criteria.find(({ id }) => id === 'recovery_time_s')?.objective.match(/<=?\s*([\d.]+)$/)?.[1]
  return `service back in ${recovery.recoveryTimeSeconds} s${bound === undefined ? '' : ` (objective ${bound} s)`}`
}

function commits({ ledger }: ReportFigures): string {
  const lost = ledger.lost === null ? 'losses not measured' : `${ledger.lost.toLocaleString('en-US')} lost`
  return `${ledger.acknowledged.toLocaleString('en-US')} commits acknowledged, ${lost}`
}

function unmeasured(criteria: readonly Criterion[]): string {
  const unknown = criteria.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => id)
  return unknown.length === 0 ? '' : ` Not measured: ${unknown.join(', ')}.`
}
