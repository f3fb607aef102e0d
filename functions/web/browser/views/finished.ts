/** A drill that has ended: its verdict, an interactive timeline, its files, and the report itself. */
import type { Report } from '../../../model/report.ts'
import type { DrillStatus } from '../../../model/status.ts'
import { timelineChart } from '../../../render/charts/timeline.ts'
import { withoutFileLinks } from '../../../render/html/elements/file-links.ts'
import { whatStoppedIt } from '../../../render/html/elements/stopping-checks.ts'
import { banner, criteriaTable } from '../../../render/html/sections/verdict.ts'
import { html, type Markup } from '../../../render/text/markup.ts'
import { readChartData, readFile, readReport, readReportPage } from '../page/api.ts'
import { type LiveChart, mountChart } from '../page/chart.ts'
import { find, save, show } from '../page/page.ts'
import type { Shell } from '../page/shell.ts'

export interface Pane {
  update(status: DrillStatus): void
  dispose(): void
}

const FRAME = html`<div id="verdict"><p class="absent">Loading the report</p></div>
<div id="below" hidden><p class="note" id="early" role="status"></p>
<p class="actions"><span id="again" class="actions"></span> <span id="compare"></span></p>
<div id="criteria"></div>
<section id="timeline-part" aria-labelledby="timeline-title" hidden><h2 id="timeline-title">Timeline</h2><div id="chart"></div></section>
<section aria-labelledby="files-title"><h2 id="files-title">Files</h2><div id="files"></div></section>
<section id="report-part" aria-labelledby="report-title" hidden><div class="heading"><h2 id="report-title">Report</h2><p class="actions"><button id="open-report" type="button">Open in a tab of its own</button></p></div><iframe class="report" title="Report of the drill" sandbox="allow-same-origin"></iframe></section></div>`

export function finishedPane(root: HTMLElement, shell: Shell, status: DrillStatus): Pane {
  show(root, FRAME)
  let chart: LiveChart | null = null
  let pageUrls: readonly string[] = []
  let isGone = false
  const region = (id: string): HTMLElement => find(root, `#${id}`, HTMLElement)

  show(region('files'), fileList(status))
  region('files').addEventListener('click', async ({ target }) => {
    const name = target instanceof HTMLElement ? target.dataset.file : undefined
    if (name === undefined) return
    const answer = await readFile(status.drillId, name)
    if (answer.kind === 'locked') return shell.askForAccess()
    if (answer.kind === 'ok') save(name, answer.value)
  })

  /** What stands below comes with it, not before it: nothing moves down when the verdict arrives. */
  function showFirst(verdict: Markup): void {
    show(region('verdict'), verdict)
    region('below').hidden = false
  }

  async function showReport(): Promise<void> {
    if (status.links.report === null) return showFirst(withoutReport(status))
    const [report, page, charts] = await Promise.all([
      readReport(status.drillId),
      readReportPage(status.drillId),
      readChartData(status.drillId),
    ])
    if (isGone) return
    if (report.kind === 'locked') return shell.askForAccess()
    if (report.kind !== 'ok') return showFirst(withoutReport(status))
    showFirst(banner(report.value))
    show(region('criteria'), whatNext(report.value))
    show(region('compare'), comparedWithBefore(report.value))
    if (charts.kind === 'ok') showTimeline(report.value, charts.value.timeline)
    if (page.kind === 'ok') showPage(page.value)
  }

  function showTimeline(report: Report, rows: Parameters<typeof timelineChart>[1]): void {
    if (rows.length === 0) return
    region('timeline-part').hidden = false
    chart = mountChart(
      region('chart'),
      'Load, errors, latency and connections on one time axis. The report below has the tables.',
    )
    chart.draw((room) => timelineChart(report, rows, room))
  }

  /** A file needs the key, and the list above serves them all. The script of the page runs in none of these frames. */
  function showPage(page: string): void {
    const still = withoutFileLinks(page).replace(/<script type="module">[\s\S]*?<\/script>\n/, '')
    const urlOf = (className: string): string =>
      URL.createObjectURL(new Blob([still.replace('<body>', `<body class="${className}">`)], { type: 'text/html' }))
    const embedded = urlOf('embedded detached')
    const detached = urlOf('detached')
    pageUrls = [embedded, detached]
    region('report-part').hidden = false
    find(root, 'iframe.report', HTMLIFrameElement).src = embedded
    find(root, '#open-report', HTMLButtonElement).addEventListener('click', () => open(detached, '_blank', 'noopener'))
  }

  void showReport()
  return {
    update(status) {
      const { state, progress } = status
      show(region('again'), again(status))
      region('early').textContent =
        state === 'running'
          ? `The drill is still in its phase "${progress?.phase ?? state}"${progress?.note ? ` (${progress.note})` : ''}. The report is written again when that is over.`
          : ''
    },
    dispose() {
      isGone = true
      chart?.dispose()
      for (const url of pageUrls) URL.revokeObjectURL(url)
      show(root, html``)
    },
  }
}

/** A drill that ended without a report may be run again too. */
function again({ drillId, state, request, stoppedBy }: DrillStatus): Markup {
  if (state === 'running' || state === 'waiting' || request === null) return html``
  const from = `#/start?from=${encodeURIComponent(drillId)}`
  const checks = stoppedBy?.checks ?? []
  return html`<a class="button" href="${from}">Run again</a>${checks.length > 0 && html` <a href="${from}&override">Run again with ${checks.length === 1 ? 'this check' : 'these checks'} overridden: ${checks.join(', ')}</a>`}`
}

function comparedWithBefore({ drillId, trend }: Report): Markup {
  const before = trend[0]?.history.at(-1)
  return before === undefined
    ? html``
    : html`<a href="#/compare?ids=${encodeURIComponent(before.drillId)},${encodeURIComponent(drillId)}">Compare with the like drill before it</a>`
}

/** What a reader of the verdict looks for next. */
function whatNext(report: Report): Markup {
  if (report.stoppedBy === null) return html`<h2>Criteria</h2>${criteriaTable(report)}`
  const stopped = whatStoppedIt(report)
  return html`${stopped && html`<h2>What stopped it</h2>${stopped}`}`
}

const withoutReport = ({ drillId, error }: DrillStatus): Markup =>
  html`<h1>${drillId}</h1><p class="problems" role="alert">This drill ended without a report.${error && ` ${error}`}</p><p><a href="#/">All drills</a></p>`

const fileList = ({ links }: DrillStatus): Markup =>
  links.files.length === 0
    ? html`<p class="absent">None.</p>`
    : html`<ul class="files">${links.files.map((path) => {
        const name = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
        return html`<li><button type="button" data-file="${name}">${name}</button></li>`
      })}</ul>`
