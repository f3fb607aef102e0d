/**
 * Polls the API at the interval that the reader chose, one request at a time. While the app does not answer, the page keeps
 * what it has, says that it is reconnecting, and polls less often.
 */
import type { Answer } from './api.ts'
import type { Shell } from './shell.ts'

const MAX_PAUSE_MS = 15_000

export interface Question<T> {
  readonly ask: () => Promise<Answer<T>>
  /** False ends the asking: there will be nothing new. */
  readonly onValue: (value: T) => boolean
  readonly onRefused: (answer: Extract<Answer<T>, { kind: 'refused' }>) => void
}

export function poll<T>(shell: Shell, question: Question<T>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isOver = false
  let shown: T | undefined
  let goesOn = true

  async function once(): Promise<void> {
    const answer = await question.ask()
    if (isOver) return
    if (answer.kind === 'locked') return shell.askForAccess()
    if (answer.kind === 'refused') return question.onRefused(answer)
    failures = answer.kind === 'ok' ? 0 : failures + 1
    if (answer.kind === 'ok') {
      shell.connected()
      // The same object as before: nothing has changed, and nothing is drawn.
      if (answer.value !== shown) goesOn = question.onValue(answer.value)
      shown = answer.value
      if (!goesOn) return
    } else shell.reconnecting(answer.why)
    schedule()
  }

  /** Switched off: the page stands still until an interval is chosen again. After a failure it asks on all the same. */
  function schedule(): void {
    const seconds = shell.refreshSeconds()
    if (seconds === 0 && failures === 0) return
    const pauseMs = failures === 0 ? seconds * 1000 : Math.min(MAX_PAUSE_MS, 500 * 2 ** failures)
    timer = setTimeout(once, pauseMs)
  }

  const stopListening = shell.onRefreshChange(() => {
    clearTimeout(timer)
    schedule()
  })
  void once()
  return () => {
    isOver = true
    clearTimeout(timer)
    stopListening()
  }
}
