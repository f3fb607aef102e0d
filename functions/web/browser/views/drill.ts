/** One drill: live while it runs, its report as soon as there is one. */
import type { DrillStatus } from '../../../model/status.ts'
import { html } from '../../../render/text/markup.ts'
import { type Answer, readDrill } from '../page/api.ts'
import { show } from '../page/page.ts'
import { poll } from '../page/poll.ts'
import type { View } from '../page/shell.ts'
import { finishedPane, type Pane } from './finished.ts'
import { livePane } from './live.ts'

/** `early`: the report is written, and will be written again when the last platform metrics have arrived. */
type Stage = 'live' | 'early' | 'ended'

const stageOf = ({ state, links }: DrillStatus): Stage =>
  state === 'finished' || state === 'failed' ? 'ended' : links.report === null ? 'live' : 'early'

export const drillView =
  (drillId: string): View =>
  (root, shell) => {
    show(root, html`<h1>${drillId}</h1><p class="absent">Loading</p>`)
    let pane: Pane | null = null
    let stage: Stage | null = null

    function showStatus(status: DrillStatus): boolean {
      const now = stageOf(status)
      if (pane === null || stage !== now) {
        pane?.dispose()
        pane = now === 'live' ? livePane(root, shell) : finishedPane(root, shell, status)
        stage = now
      }
      pane.update(status)
      return now !== 'ended'
    }

    function showRefusal({ refusal }: Extract<Answer<DrillStatus>, { kind: 'refused' }>): void {
      show(root, html`<h1>${refusal.title}</h1><p>${refusal.detail}</p><p><a href="#/">All drills</a></p>`)
    }

    const stop = poll(shell, { ask: () => readDrill(drillId), onValue: showStatus, onRefused: showRefusal })
    return () => {
      stop()
      pane?.dispose()
      show(root, html``)
    }
  }
