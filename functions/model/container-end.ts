/** How a container of a drill ended, as it was noted after the load, and why one did not offer all its arrivals. */
import type { LoadSummary } from '../../loadgen-image/contract/glossary.ts'

export interface ContainerEnd {
  readonly container: number
  readonly exitCode: number | null
  readonly restartCount: number
  readonly zone: string | null
  readonly detail: string | null
  readonly state: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  /** From its summary; null: it wrote none. */
  readonly ended: LoadSummary['ended'] | null
  /** From its summary, or from the end of its log. */
  readonly reason: string | null
}

/** Only a container that the platform reports as terminated has died: one that stands still, or cannot be found, may be running. */
export function whyEarly({ container, ended, reason, exitCode, restartCount, state }: ContainerEnd): string | null {
  if (ended === 'completed') return null
  const words = reason === null ? '' : `: ${reason}`
  if (ended !== null) return `container ${container} ended early (${ended}${words})`
  const restarts = restartCount > 0 ? `, restarted ${restartCount} times` : ''
  if (state === 'Terminated')
    return `container ${container} died without a summary (exit code ${exitCode ?? 'unknown'}${restarts})${words}`
  return state === null
    ? `container ${container} left no summary, and how it ended was not seen`
    : `container ${container} had not ended after the load, and left no summary (${state}${restarts})`
}

/** Of a container whose end was not noted. */
export const unseenEnd = (container: number): ContainerEnd => ({
  container,
  exitCode: null,
  restartCount: 0,
  zone: null,
  detail: null,
  state: null,
  startedAt: null,
  finishedAt: null,
  ended: null,
  reason: null,
})
