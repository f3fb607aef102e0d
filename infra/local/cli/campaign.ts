/** A campaign behind the API: shown drill by drill, and kept in one folder with a folder of each drill. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pointWord } from '../../../functions/model/campaign/campaign.ts'
import type { CampaignReport } from '../../../functions/model/campaign/report.ts'
import type { CampaignProgress, CampaignStatus } from '../../../functions/model/campaign/status.ts'
import { renderCampaignMarkdown } from '../../../functions/render/campaign/markdown.ts'
import { besideFolders, renderCampaign } from '../../../functions/render/campaign/page.ts'
import { renderCampaignJunit } from '../../../functions/render/junit/campaign.ts'
import { screen } from '../../../loadgen-image/output/screen.ts'
import { CannotRun, wordsOf } from '../process/problem.ts'
import { type DrillApi, newKey } from './drill-client.ts'
import { createProgressView, type ProgressView, type Terminal } from './drill-progress.ts'
import { criteriaLines, EXIT_CODES, keepFiles, table, verdictLine } from './drill-result.ts'
import { followToEnd } from './follow.ts'
import { ABORTED_BY, type Run } from './run.ts'

/** The exit code. */
export async function runCampaign(run: Run, body: Readonly<Record<string, unknown>>): Promise<number> {
  const campaignId = await run.api.startCampaign(body, newKey())
  run.terminal.write(`Campaign ${campaignId}: ${body.drills} drills\n`)
  return followCampaign(run, campaignId)
}

/** A campaign that runs: shown to its end, its report printed and kept. The exit code. */
export async function followCampaign(run: Run, campaignId: string): Promise<number> {
  const { api, poll, terminal, loadSeconds, course, signal, out, beside, withoutReport } = run
  const progress = campaignProgress(poll, terminal, loadSeconds)
  const last = await followToEnd(
    {
      read: () => poll.campaign(campaignId),
      abort: () => poll.abortCampaign(campaignId, ABORTED_BY),
      onStatus: progress.show,
      say: progress.say,
    },
    course(campaignId),
    signal,
  ).finally(progress.end)
  const { report } = last
  if (report === null)
    throw new CannotRun(`Campaign ${campaignId} ended without a report: ${last.error ?? last.state}. ${withoutReport}`)
  screen.show([...campaignLines(report), ...(beside?.().lines ?? [])].join('\n'))
  screen.show((await keepCampaign(api, report, out)).join('\n'))
  return EXIT_CODES[report.verdict]
}

/** Shows the drill that runs as a single drill is shown, and in between what the campaign waits for. */
function campaignProgress(api: Pick<DrillApi, 'status'>, terminal: Terminal, loadSeconds: number | null) {
  let view: ProgressView = createProgressView(terminal, loadSeconds)
  let last: Pick<CampaignProgress, 'step' | 'number'> | null = null

  function announce(now: CampaignProgress, drills: number): void {
    if (last?.step === now.step && last.number === now.number) return
    last = now
    view.end()
    view = createProgressView(terminal, loadSeconds)
    view.note(now.drillId === null ? sentence(now.note) : `\nDrill ${now.number} of ${drills}: ${now.drillId}`)
  }

  return {
    say: (words: string): void => view.note(words),
    end: (): void => view.end(),
    async show({ progress, drills }: CampaignStatus): Promise<void> {
      if (progress === null) return
      announce(progress, drills)
      const status = progress.drillId === null ? null : await api.status(progress.drillId).catch(() => null)
      if (status !== null) view.show(status)
    },
  }
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`

// ---- Result ---------------------------------------------------------------------------------------------------------------

const COLUMNS = ['recovery_time_s', 'write_outage_s', 'lost_commits', 'baseline_tps']

/** Verdict, objectives, and each headline figure over the drills. */
function campaignLines(report: CampaignReport): string[] {
  const { verdict, headline, reasons, criteria, figures, drills, planned } = report
  const shown = COLUMNS.flatMap((id) => figures.find((figure) => figure.id === id) ?? [])
  return [
    '',
    verdictLine(verdict, headline),
    ...reasons.map((reason) => `  ${reason}`),
    '',
    ...criteriaLines(criteria),
    '',
    ...table([
      ['figure', 'min', 'median', 'max', 'drills'],
      ...shown.map(({ label, min, median, max, drills: measured }) => [
        label,
        min.words,
        median.words,
        max.words,
        `${measured} of ${planned}`,
      ]),
    ]),
    '',
    ...table([
      ['drill', 'verdict', 'result'],
      ...drills.map((drill) => [drill.drillId, pointWord(drill), drill.headline ?? drill.why ?? '']),
    ]),
  ]
}

/** In the folder of the campaign: its report, and a folder of each drill. The lines say where, and what is missing. */
export async function keepCampaign(api: DrillApi, report: CampaignReport, out: string): Promise<string[]> {
  const folder = join(out, report.campaignId)
  const problems: string[] = []
  for (const { drillId, hasReport } of report.drills) {
    if (!hasReport) continue
    const { problem, missing, elsewhere } = await keepFiles(api, drillId, folder)
    if (problem !== null) problems.push(`Not all files of ${drillId} could be kept: ${problem}`)
    if (elsewhere !== null) problems.push(`In ${elsewhere.folder} instead: ${elsewhere.names.join(', ')}`)
    if (missing.length > 0) problems.push(`Not written: ${missing.join(', ')}`)
  }
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
    writeFileSync(join(folder, 'report.md'), renderCampaignMarkdown(report))
    writeFileSync(join(folder, 'junit.xml'), renderCampaignJunit(report))
    writeFileSync(join(folder, 'report.html'), renderCampaign(report, besideFolders))
    return ['', ...problems, `Report: ${folder}/report.html`]
  } catch (error) {
    return ['', ...problems, `The report of the campaign could not be kept in ${folder}: ${wordsOf(error)}`]
  }
}
