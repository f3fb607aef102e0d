/** Above the list: of which servers the daily timer started no drill when it fired last, and why. */
import type { DailyAnswer, DailyRecord } from '../../../model/history/daily-record.ts'
import { html, type Markup } from '../../../render/text/markup.ts'
import { dateTime } from '../../../units/units.ts'
import { readDaily } from '../page/api.ts'
import { show } from '../page/page.ts'

/** A timer fires once a day, so the page does not ask at the pace of its figures. */
const PAUSE_MS = 60_000

interface DailyPart {
  draw(): void
  dispose(): void
}

interface DailyOptions {
  /** The one that the list is reduced to; an empty text: all. */
  readonly server: () => string
  readonly onAnswer: (answer: DailyAnswer) => void
}

/** Without an answer the page keeps what it has. */
export function dailyPart(region: HTMLElement, { server, onAnswer }: DailyOptions): DailyPart {
  let answered: DailyAnswer | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false

  async function look(): Promise<void> {
    const answer = await readDaily()
    if (isOver) return
    // The same object as before: nothing has changed, and a screen reader is not to repeat it.
    if (answer.kind === 'ok' && answer.value !== answered) {
      answered = answer.value
      onAnswer(answered)
      draw()
    }
    timer = setTimeout(look, PAUSE_MS)
  }

  function draw(): void {
    const own = (answered?.withoutDrill ?? []).filter(({ target }) => server() === '' || target.server === server())
    show(region, html`${own.map(notice)}`)
  }

  void look()
  return {
    draw,
    dispose() {
      isOver = true
      clearTimeout(timer)
    },
  }
}

/** What waits for the operator looks like a problem. */
const notice = ({ at, target, outcome, why }: DailyRecord): Markup =>
  html`<p class="${outcome === 'skipped' ? 'absent' : 'problems'}"><b>No daily drill of ${target.server}</b> at ${dateTime(at)}: ${why}.</p>`
