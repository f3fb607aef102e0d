/** Drills over each other, aligned on T1, and their figures side by side. */

import { KEY_FIGURES, type KeyFigure } from '../../../event-figures/key-figures.ts'
import { worstNote, worstText } from '../../../event-figures/table.ts'
import { verdictWord } from '../../../model/early-end/stopped-by.ts'
import type { ComparedDrill } from '../../../model/history/compared.ts'
import { comparisonChart } from '../../../render/charts/comparison.ts'
import { mark, number, onlyTable, text } from '../../../render/html/elements/components.ts'
import { html, type Insert, type Markup } from '../../../render/text/markup.ts'
import { count, dateTime, inUnit, NOT_MEASURED, signed } from '../../../units/units.ts'
import { compareDrills } from '../page/api.ts'
import { type LiveChart, mountChart } from '../page/chart.ts'
import { find, show } from '../page/page.ts'
import type { View } from '../page/shell.ts'

export const compareView =
  (ids: readonly string[]): View =>
  (root, shell) => {
    show(root, html`<h1>Drills compared</h1><p class="absent">Loading</p>`)
    let chart: LiveChart | null = null
    let isGone = false

    async function load(): Promise<void> {
      const answer = await compareDrills(ids)
      if (isGone) return
      if (answer.kind === 'locked') return shell.askForAccess()
      if (answer.kind !== 'ok')
        return show(root, failed(answer.kind === 'refused' ? answer.refusal.detail : answer.why))
      const { drills } = answer.value
      show(root, compared(drills))
      chart = mountChart(
        find(root, '#chart', HTMLElement),
        'Goodput and p99 response of the drills over each other. The table has the figures.',
      )
      chart.draw((room) => comparisonChart(drills, room))
    }

    void load()
    return () => {
      isGone = true
      chart?.dispose()
      show(root, html``)
    }
  }

const failed = (why: string): Markup =>
  html`<h1>Drills compared</h1><p class="problems" role="alert">They could not be compared. ${why}</p><p><a href="#/">All drills</a></p>`

function compared(drills: readonly ComparedDrill[]): Markup {
  const notAligned = drills.filter(({ moments }) => moments.t1 === null).map(({ drillId }) => drillId)
  return html`<h1>Drills compared</h1>
<p class="note">Second 0 is T1, the last commit before the outage, of each drill; of several events, before that of the worst.${notAligned.length > 0 && ` Without an outage, and so aligned on their start: ${notAligned.join(', ')}.`}</p>
<div id="chart"></div>
<h2>Figures</h2>
<div class="compared">${onlyTable(
    'Figures of each drill, and the difference to the first',
    [text('Drill'), text('Verdict'), ...KEY_FIGURES.map(({ label }) => number(label))],
    drills.map((drill) => [
      nameOf(drill),
      mark(verdictWord(drill) ?? ''),
      ...KEY_FIGURES.map((figure) => cell(figure, drill, drills[0])),
    ]),
    { cards: true },
  )}</div>`
}

/** With what a reader must know before comparing: when, and what was done to the server under which load. */
const nameOf = ({ drillId, startedAt, likeDrills, ledger }: ComparedDrill): Markup =>
  html`<a href="#/drills/${encodeURIComponent(drillId)}">${drillId}</a> <small>${dateTime(startedAt)}; ${likeDrills.what}; ${count(ledger.acknowledged)} commits</small>`

function cell({ unit, read, worst }: KeyFigure, drill: ComparedDrill, first: ComparedDrill | undefined): Insert {
  const value = read(drill)
  const reference = first === undefined ? null : read(first)
  const note = worst === undefined ? null : worstNote(worst, drill)
  const which = note && html` <small>${note}</small>`
  if (value === null) return html`${worst === undefined ? NOT_MEASURED : worstText(worst, drill)}${which}`
  if (drill === first || reference === null) return html`${inUnit(value, unit)}${which}`
  const difference = value - reference
  return html`${inUnit(value, unit)} <small>${difference === 0 ? 'the same' : signed(difference, unit)}</small>${which}`
}
