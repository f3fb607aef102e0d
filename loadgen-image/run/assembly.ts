/**
 * Waits until every thread has reported its part of a second, and then joins the parts. Threads report the same seconds in the same
 * order, a few milliseconds apart; a thread that has ended reports no more, and the others go on without it.
 */

import type { AckGap, GeneratorHealth, SecondRecord, Stall } from '../contract/glossary.ts'
import { US_PER_SECOND } from '../contract/glossary.ts'
import { GapIntersection, type ThreadGaps } from '../record/ack-gaps.ts'
import type { SecondPart } from '../record/second.ts'
import { joinParts } from '../record/second.ts'
import type { LoopDelay } from '../send/messages.ts'

interface AssemblyOptions {
  readonly container: number
  readonly incarnation: string
  readonly workers: number
  readonly threads: number
  readonly startAtUs: number
  /** Of the whole process since the last call. */
  takeUsage(): Pick<GeneratorHealth, 'cpuUs' | 'rssBytes'>
}

interface ThreadState {
  readonly parts: { readonly part: SecondPart; readonly loop: LoopDelay }[]
  lastGaps: ThreadGaps
  loadEndUs: number | null
  isDone: boolean
}

export class Assembly {
  readonly #options: AssemblyOptions
  readonly #threads: ThreadState[]
  readonly #gaps: GapIntersection

  constructor(options: AssemblyOptions) {
    this.#options = options
    this.#gaps = new GapIntersection(options.threads)
    this.#threads = Array.from({ length: options.threads }, () => ({
      parts: [],
      lastGaps: { closed: [], quietSinceUs: options.startAtUs },
      loadEndUs: null,
      isDone: false,
    }))
  }

  /** Returns the seconds that are complete now. */
  add(thread: number, part: SecondPart, loop: LoopDelay): SecondRecord[] {
    this.#state(thread).parts.push({ part, loop })
    return this.#complete()
  }

  done(thread: number): SecondRecord[] {
    this.#state(thread).isDone = true
    return this.#complete()
  }

  #state(thread: number): ThreadState {
    return this.#threads[thread] as ThreadState
  }

  #complete(): SecondRecord[] {
    const records: SecondRecord[] = []
    while (this.#threads.every(({ parts, isDone }) => isDone || parts.length > 0)) {
      const seconds = this.#threads.flatMap(({ parts }) => parts[0]?.part.second ?? [])
      if (seconds.length === 0) break
      records.push(this.#join(Math.min(...seconds)))
    }
    return records
  }

  #join(second: number): SecondRecord {
    const reported = this.#threads.flatMap((thread) => {
      if (thread.parts[0]?.part.second !== second) return []
      const first = thread.parts.shift()
      return first === undefined ? [] : [{ thread, ...first }]
    })
    for (const thread of this.#threads) thread.lastGaps = { ...thread.lastGaps, closed: [] }
    for (const { thread, part } of reported) {
      thread.lastGaps = part.gaps
      thread.loadEndUs = part.loadEndUs
    }
    const parts = reported.map(({ part }) => part) as [SecondPart, ...SecondPart[]]
    return joinParts(parts, {
      container: this.#options.container,
      incarnation: this.#options.incarnation,
      wanted: this.#options.workers,
      ackGaps: this.#ackGaps(second),
      health: {
        threads: this.#options.threads,
        stalls: reported.flatMap(({ thread, part }) => stallsOf(this.#threads.indexOf(thread), part)),
        ...worstLoop(reported.map(({ loop }) => loop)),
        ...this.#options.takeUsage(),
      },
    })
  }

  #ackGaps(second: number): AckGap[] {
    const gaps = this.#threads.map(({ lastGaps }) => lastGaps)
    const ended = this.#gaps.advance(gaps, (second + 1) * US_PER_SECOND)
    const isLast = this.#threads.every(
      ({ isDone, loadEndUs, parts }) => parts.length === 0 && (isDone || loadEndUs !== null),
    )
    if (!isLast) return ended
    return [...ended, ...this.#gaps.finish(gaps, Math.max(...this.#threads.map(({ loadEndUs }) => loadEndUs ?? 0)))]
  }
}

const stallsOf = (thread: number, { stalls }: SecondPart): Stall[] => stalls.map((stall) => ({ thread, ...stall }))

const worstLoop = (loops: readonly LoopDelay[]): LoopDelay => ({
  eventLoopDelayP99Us: Math.max(...loops.map(({ eventLoopDelayP99Us }) => eventLoopDelayP99Us)),
  eventLoopDelayMaxUs: Math.max(...loops.map(({ eventLoopDelayMaxUs }) => eventLoopDelayMaxUs)),
})
