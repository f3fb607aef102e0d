/** A campaign's report.md: the verdict, the distributions and the drills, short enough for a chat message or a pull request. */
import { marginText, measuredText } from '../../criteria/judge.ts'
import { pointWord } from '../../model/campaign/campaign.ts'
import type { CampaignDrill, CampaignReport } from '../../model/campaign/report.ts'
import { upperFirst } from '../../units/text.ts'
import { dateTime, given } from '../../units/units.ts'
import { bullets, escapeMarkdown, section, table } from '../text/markdown-text.ts'
import { CAMPAIGN_SENTENCES } from './parts.ts'

export function renderCampaignMarkdown(report: CampaignReport): string {
  const { campaignId, verdict, headline, reasons, startedAt, endedAt } = report
  const sections = [
    `# ${verdict}: ${escapeMarkdown(headline)}`,
    `${CAMPAIGN_SENTENCES[verdict]} Campaign \`${campaignId}\`, ${dateTime(startedAt)} to ${dateTime(endedAt)}.`,
    bullets(reasons),
    section('Criteria', criteria(report)),
    section('Distributions', distributions(report)),
    section('Drills', drills(report)),
    section('Set-up', bullets(setup(report))),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

const criteria = ({ criteria: rows }: CampaignReport): string =>
  rows.length === 0
    ? 'No criterion was judged.'
    : table(
        ['Verdict', 'Objective', 'Measured', 'Margin', 'Why'],
        rows.map((row) => [
          row.verdict,
          `\`${row.objective}\``,
          measuredText(row),
          marginText(row),
          escapeMarkdown(row.why),
        ]),
      )

const distributions = ({ figures, planned }: CampaignReport): string =>
  table(
    ['Figure', 'Min', 'Median', 'Max', 'Drills'],
    figures.map(({ label, min, median, max, drills: measured }) => [
      escapeMarkdown(label),
      min.words,
      median.words,
      max.words,
      `${measured} of ${planned}`,
    ]),
  )

const drills = (report: CampaignReport): string =>
  table(
    ['Drill', 'Verdict', 'Result'],
    report.drills.map((drill) => [`\`${drill.drillId}\``, pointWord(drill), escapeMarkdown(resultOf(drill))]),
  )

function resultOf({ headline, why }: CampaignDrill): string {
  if (headline === null) return why === null ? '' : `${upperFirst(why)}.`
  return why === null ? headline : `${headline} Without figures that count: ${why}.`
}

const setup = ({ server, what, planned, gapMinutes, note }: CampaignReport): string[] => [
  `Server: ${server}`,
  `Each drill: ${what}`,
  `Drills planned: ${planned}, ${given(gapMinutes, 'min')} between two drills`,
  ...(note === null ? [] : [`Note: ${note}`]),
]
