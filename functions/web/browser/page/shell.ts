/** The frame around every view: connection, refresh interval, and what is shown where a key or a login is missing. */
import { clock } from '../../../units/units.ts'
import { find } from './page.ts'

export interface Shell {
  /** 0 is off. */
  refreshSeconds(): number
  onRefreshChange(listener: () => void): () => void
  connected(): void
  reconnecting(why: string): void
  idle(): void
  askForAccess(): void
}

const REFRESH = 'refresh-seconds'

export function createShell(askForAccess: () => void): Shell {
  const connection = find(document, '#connection', HTMLElement)
  const updated = find(document, '#updated', HTMLElement)
  const refresh = find(document, '#refresh', HTMLSelectElement)
  const listeners = new Set<() => void>()
  const kept = sessionStorage.getItem(REFRESH)
  if (kept !== null && [...refresh.options].some(({ value }) => value === kept)) refresh.value = kept
  refresh.addEventListener('change', () => {
    sessionStorage.setItem(REFRESH, refresh.value)
    for (const listener of listeners) listener()
  })

  /** Only a change of state is said: a screen reader would otherwise hear it at every refresh. */
  function say(state: string, words: string): void {
    if (connection.className !== state) connection.className = state
    if (connection.textContent !== words) connection.textContent = words
  }

  return {
    refreshSeconds: () => Number(refresh.value),
    onRefreshChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    connected() {
      say('live', 'Connected')
      updated.textContent = clock(new Date().toISOString()).slice(0, 8)
      updated.title = 'Last update, UTC'
    },
    reconnecting(why) {
      say('lost', 'Reconnecting; this is what was last seen')
      connection.title = why
    },
    idle() {
      say('', '')
      updated.textContent = ''
    },
    askForAccess,
  }
}

export type View = (root: HTMLElement, shell: Shell) => () => void
