/** One drill: live while it runs, its report when it has ended. */
import type { DrillStatus } from '../../../drill/status.ts'
import { html } from '../../../report/html/markup.ts'
import { type Answer, readDrill } from '../api.ts'
import type { View } from '../main.ts'
import { show } from '../page.ts'
import { poll } from '../poll.ts'
import { finishedPane, type Pane } from './finished.ts'
import { livePane } from './live.ts'

const isOver = ({ state }: DrillStatus): boolean => state === 'finished' || state === 'failed'

export const drillView =
  (drillId: string): View =>
  (root, shell) => {
    show(root, html`<h1>${drillId}</h1><p class="absent">Loading</p>`)
    let pane: Pane | null = null
    let isLive = true

    function showStatus(status: DrillStatus): boolean {
      if (pane === null || isLive === isOver(status)) {
        pane?.dispose()
        isLive = !isOver(status)
        pane = isLive ? livePane(root, shell) : finishedPane(root, shell, status)
      }
      pane.update(status)
      return isLive
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
