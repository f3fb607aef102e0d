/** report.md: the verdict, the figures and what went wrong, short enough for a chat message or a pull request. */
import { marginText, measuredText } from '../criteria/judge.ts'
import { APPLICATION_COLUMNS, applicationSentences } from '../event-figures/applications.ts'
import type { EventFigureName } from '../event-figures/figures.ts'
import { EVENT_COLUMNS, worstNote, worstText } from '../event-figures/table.ts'
import { overrideOf, type StoppedBy, stoppingChecks } from '../model/early-end/stopped-by.ts'
import type { Criterion, Report } from '../model/report.ts'
import { clock, count, dateTime, inUnit, NOT_MEASURED, perSecond, seconds, share, signed } from '../units/units.ts'
import {
  clientSettings,
  cohortName,
  cohortOutage,
  cohortReturn,
  comparedCohorts,
  settingSource,
} from './text/cohort-words.ts'
import { bullets, escapeMarkdown, section, table } from './text/markdown-text.ts'
import { STALE_COLUMNS, staleCells, staleSentences } from './text/stale-words.ts'
import { laterText, nameChangeText, notProbed, outText, stepsText, WAY_NAMES } from './text/way-words.ts'
import { MOMENT_IDS, MOMENT_NAMES, replaySentences, sentenceOf, titleOf } from './text/words.ts'

export function renderMarkdown(report: Report): string {
  const sections = report.stoppedBy === null ? measured(report) : notStarted(report, report.stoppedBy)
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

const heading = (report: Report): string[] => [
  `# ${escapeMarkdown(titleOf(report))}`,
  `${sentenceOf(report)} Drill \`${report.drillId}\`, ${dateTime(report.startedAt)} to ${dateTime(report.endedAt)}.`,
]

/** What stopped it, and nothing that was not measured. */
function notStarted(report: Report, stoppedBy: StoppedBy): string[] {
  const checks = stoppingChecks(report)
  return [
    ...heading(report),
    escapeMarkdown(stoppedBy.advice),
    section(
      'Checks that stopped it',
      checks.length === 0
        ? ''
        : table(
            ['Check', 'Seen', 'Wanted', 'What to do', 'Override'],
            checks.map(({ id, title, seen, wanted, advice }) => [
              `${escapeMarkdown(title)} (\`${id}\`)`,
              ...[seen, wanted, advice].map(escapeMarkdown),
              `\`${overrideOf([id])}\``,
            ]),
          ),
    ),
    section('Other checks that did not pass', checksTable(report.checklist.filter((row) => !checks.includes(row)))),
    section('Caveats', bullets(report.caveats)),
    cleanupLine(report.cleanup),
  ]
}

function measured(report: Report): string[] {
  return [
    ...heading(report),
    bullets(report.reasons),
    section('Criteria', criteriaTable(report.criteria)),
    section('Figures', figuresTable(report)),
    section('Events', eventsTable(report)),
    section(
      report.events.length > 1 ? `Moments of event ${report.worstEvent}, the worst` : 'Moments',
      momentsTable(report),
    ),
    section('Applications', applicationsText(report.applications)),
    section('Cohorts', cohortsText(report)),
    section('Ways to the server', waysText(report)),
    section('The old primary', staleText(report)),
    section('Replay, an estimate', bullets(replaySentences(report.events))),
    section('Advice', bullets(adviceLines(report))),
    section(`Proof (${report.eventsProof.proven ? 'proven' : 'not proven'})`, bullets(report.eventsProof.evidence)),
    section('What the platform recorded', platformText(report.platformLog)),
    section('Ledger', ledgerText(report.ledger)),
    section('Errors', errorsTable(report.errors)),
    section('Checks that did not pass', checksTable(report.checklist)),
    section('Caveats', bullets(report.caveats)),
    cleanupLine(report.cleanup),
  ]
}

const criteriaTable = (criteria: readonly Criterion[]): string =>
  criteria.length === 0
    ? 'No criterion was judged.'
    : table(
        ['Verdict', 'Objective', 'Measured', 'Margin', 'Why'],
        criteria.map((row) => [
          row.verdict,
          `\`${row.objective}\``,
          measuredText(row),
          marginText(row),
          escapeMarkdown(row.why),
        ]),
      )

function figuresTable(report: Report): string {
  const { throughput, availability, latencyMs } = report
  const baseline = latencyMs.baseline?.response
  return table(
    ['Figure', 'Value'],
    [
      ['Recovery time (T4 - T1)', worstFigure('recovery_time_s', report)],
      ['Write outage (T2 - T1)', worstFigure('write_outage_s', report)],
      ['Client outage, median', worstFigure('client_outage_s[p50]', report)],
      ['Client outage, worst', worstFigure('worst_client_outage_s', report)],
      ['Recovery point', seconds(report.ledger.lostSeconds)],
      ['Baseline goodput', perSecond(throughput.baselineTps)],
      ['Offered', perSecond(throughput.offeredTps)],
      ['Baseline response p50, p99', `${inUnit(baseline?.p50, 'ms')}, ${inUnit(baseline?.p99, 'ms')}`],
      ['Availability, without the warm-up', share(availability.whole)],
    ],
  )
}

function worstFigure(name: EventFigureName, report: Report): string {
  const which = worstNote(name, report)
  return which === null ? worstText(name, report) : `${worstText(name, report)} (${which})`
}

const eventsTable = (report: Report): string =>
  report.events.length < 2
    ? ''
    : table(
        EVENT_COLUMNS.map(([head]) => head),
        report.events.map((event) => EVENT_COLUMNS.map(([, cell]) => escapeMarkdown(cell(event, report)))),
      )

const momentsTable = (report: Report): string =>
  report.moments.t0 === null
    ? ''
    : table(
        ['Moment', 'UTC', 'After T0'],
        MOMENT_IDS.map((id) => [
          `${id.toUpperCase()} ${MOMENT_NAMES[id]}`,
          report.moments[id] === null ? NOT_MEASURED : clock(report.moments[id]),
          id === 't0' ? '' : sinceTrigger(report, id),
        ]),
      )

function waysText(report: Report): string {
  const why = notProbed(report)
  if (why !== null) return report.events.length === 0 ? '' : escapeMarkdown(why)
  const rows = report.events.flatMap((event) => event.ways.map((way) => ({ event, way })))
  if (rows.length === 0) return ''
  const body = table(
    ['Event', 'Way', 'Steps', 'Without a write', 'Later than straight'],
    rows.map(({ event, way }) => [
      String(event.number),
      WAY_NAMES[way.way],
      escapeMarkdown(stepsText(way)),
      outText(way),
      laterText(way),
    ]),
  )
  const names = report.events.map(nameChangeText).filter((text) => text !== '')
  return [body, ...names.map(escapeMarkdown)].join('\n\n')
}

function staleText(report: Report): string {
  const sentences = bullets(staleSentences(report).map(escapeMarkdown))
  const rows = staleCells(report)
  return rows.length === 0 ? sentences : `${sentences}\n\n${table(STALE_COLUMNS, rows)}`
}

const adviceLines = ({ advice, events }: Report): string[] =>
  advice.map(({ event, text }) => (events.length > 1 ? `Event ${event}: ${text}` : text))

const sinceTrigger = (report: Report, id: string): string =>
  signed(report.waterfall.find((step) => step.to === id)?.sinceTriggerSeconds, 's')

function applicationsText(applications: Report['applications']): string {
  if (applications.length === 0) return ''
  const sentences = applicationSentences(applications)
  const rows = table(
    APPLICATION_COLUMNS.map(([head]) => head),
    applications.map((one) => APPLICATION_COLUMNS.map(([, cell]) => escapeMarkdown(cell(one)))),
  )
  return sentences.length === 0 ? rows : `${bullets(sentences)}\n\n${rows}`
}

function cohortsText(report: Report): string {
  const rows = comparedCohorts(report)
  if (rows.length === 0) return ''
  const outages = table(
    ['Cohort', 'Through', 'Retry', 'Clients', 'Outage p50', 'Outage p99', 'Outage max', 'Last back after T2'],
    rows.map((row) => [
      escapeMarkdown(cohortName(row)),
      row.via,
      row.retry,
      count(row.workers),
      cohortOutage(row, 'p50'),
      cohortOutage(row, 'p99'),
      cohortOutage(row, 'max'),
      cohortReturn(row),
    ]),
  )
  const settings = clientSettings(rows).map(([cohort, one]) =>
    [cohort.name, one.name, one.value, settingSource(one)].map(escapeMarkdown),
  )
  return settings.length === 0 ? outages : `${outages}\n\n${table(['Cohort', 'Setting', 'Value', 'Source'], settings)}`
}

function platformText(log: Report['platformLog']): string {
  if (log === null) return ''
  const { records, notRead } = log
  const rows = records.map(({ at, source, what }) => [dateTime(at), source, escapeMarkdown(what)])
  const found = rows.length === 0 ? 'No record was found.' : table(['UTC', 'Source', 'What'], rows)
  return [found, bullets(notRead.map((what) => `not read: ${what}`))].filter((part) => part !== '').join('\n\n')
}

function ledgerText(ledger: Report['ledger']): string {
  const sum = `intended ${count(ledger.intended)} = acknowledged ${count(ledger.acknowledged)} + refused ${count(ledger.refused)} + unknown ${count(ledger.unknown)} + missed ${count(ledger.missed)}`
  const audit = table(
    ['Lost', 'Recovered', 'Misjudged', 'Unexpected', 'Duplicates', 'Unresolved', 'Rows found'],
    [
      [
        ledger.lost,
        ledger.recovered,
        ledger.misjudged,
        ledger.unexpected,
        ledger.duplicates,
        ledger.unresolved,
        ledger.rowsFound,
      ].map(count),
    ],
  )
  return `${sum}\n\n${audit}`
}

const errorsTable = (errors: Report['errors']): string =>
  errors.length === 0
    ? ''
    : table(
        ['Code', 'Where', 'Count', 'Clients', 'Meaning'],
        errors.map((row) => [
          escapeMarkdown(row.code),
          row.phase,
          count(row.count),
          count(row.workers),
          escapeMarkdown(row.meaning),
        ]),
      )

function checksTable(checklist: Report['checklist']): string {
  const open = checklist.filter((row) => row.verdict !== 'pass')
  if (open.length === 0) return ''
  return table(
    ['Check', 'Verdict', 'Seen', 'Wanted', 'Advice'],
    open.map((row) => [
      escapeMarkdown(row.title),
      row.forced ? `${row.verdict}, forced` : row.verdict,
      escapeMarkdown(row.seen),
      escapeMarkdown(row.wanted),
      escapeMarkdown(row.advice),
    ]),
  )
}

const cleanupLine = ({ containersLeft, verifiedAt }: Report['cleanup']): string =>
  verifiedAt === null
    ? `Containers left: ${count(containersLeft)}.`
    : `Containers left: ${count(containersLeft)}, verified at ${dateTime(verifiedAt)}.`
