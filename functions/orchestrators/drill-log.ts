/**
 * The drill's log: its phase, its journal, and the first reason that ended it early. The orchestrator holds it, every replay builds it
 * again, and the report contains it.
 */
import type { OrchestrationContext } from 'durable-functions'
import type { EarlyEnd } from '../model/early-end/stopped-by.ts'
import type { JournalEntry } from '../model/report.ts'
import type { DrillProgress, Phase } from '../model/status.ts'
import { messageOf } from './error-text.ts'

/** An orchestration's status may hold 16 KB and its inputs little more: entries over the limit are only counted. */
const MAX_ENTRIES = 150
const MAX_DETAIL = 300

/** What a step that fails without a word of its own leaves to do. */
const SEE_JOURNAL = 'See the journal for the step that failed, then start the drill again.'

/** In the custom status, beside the phase. */
const SHOWN_ENTRIES = 6
const SHOWN_DETAIL = 160

/** Ends the drill early on purpose. */
export class Stop extends Error {
  readonly end: Omit<EarlyEnd, 'phase'>
  /** Where it is not the phase of the log. */
  readonly phase: string | null
  constructor(kind: EarlyEnd['kind'], why: string, advice = '', phase: string | null = null) {
    super(why)
    this.end = { kind, why, advice }
    this.phase = phase
  }
}

export class DrillLog {
  readonly journal: JournalEntry[] = []
  earlyEnd: EarlyEnd | null = null
  loadStartAtMs: number | null = null
  /** Number of watches so far. */
  watches = 0
  /** How often an event was withheld and tried again. */
  withheldTries = 0
  readonly #ctx: OrchestrationContext
  readonly #hangs = new Map<string, number>()
  #phase: Phase = 'reserve'
  #words: string | null = null
  #phaseStartedAt: Date
  /** A campaign keeps such a log too, and has a status of its own. */
  #isShown = false

  constructor(ctx: OrchestrationContext) {
    this.#ctx = ctx
    this.#phaseStartedAt = ctx.df.currentUtcDateTime
  }

  enter(phase: Phase): void {
    this.#phase = phase
    this.#words = null
    this.#phaseStartedAt = this.#ctx.df.currentUtcDateTime
    this.show()
  }

  /** The custom status: what a reader needs between two turns. A blob holds the live figures. */
  show(): void {
    this.#isShown = true
    const progress: DrillProgress = {
      phase: this.#phase,
      phaseStartedAt: this.#phaseStartedAt.toISOString(),
      loadStartAtMs: this.loadStartAtMs,
      live: null,
      note: (this.earlyEnd?.why ?? this.#words)?.slice(0, 1_000) ?? null,
      journal: this.journal
        .slice(-SHOWN_ENTRIES)
        .map((entry) => ({ ...entry, detail: entry.detail.slice(0, SHOWN_DETAIL) })),
    }
    this.#ctx.df.setCustomStatus(progress)
  }

  /** What the drill waits for; null: nothing. */
  say(words: string | null): void {
    this.#words = words
    this.show()
  }

  note(step: string, startedAt: Date, attempt: number, result: JournalEntry['result'], detail: string): void {
    if (this.journal.length >= MAX_ENTRIES) {
      this.#countOmitted()
      return
    }
    this.journal.push({
      at: startedAt.toISOString(),
      phase: this.#phase,
      step,
      seconds: (this.#ctx.df.currentUtcDateTime.getTime() - startedAt.getTime()) / 1000,
      attempt,
      result,
      detail: detail.slice(0, MAX_DETAIL),
    })
    if (this.#isShown) this.show()
  }

  remark(step: string, detail: string): void {
    this.note(step, this.#ctx.df.currentUtcDateTime, 1, 'note', detail)
  }

  skip(step: string, why: string): void {
    this.note(step, this.#ctx.df.currentUtcDateTime, 1, 'skipped', why)
  }

  /** Counts one more hang of this step and returns how many there were. */
  countHang(step: string): number {
    const count = (this.#hangs.get(step) ?? 0) + 1
    this.#hangs.set(step, count)
    return count
  }

  /** Only the first reason counts: later failures are often its consequence. The journal has them all. */
  end(error: unknown): void {
    const end: EarlyEnd =
      error instanceof Stop
        ? { ...error.end, phase: error.phase ?? this.#phase }
        : { kind: 'failed', why: messageOf(error), advice: SEE_JOURNAL, phase: this.#phase }
    this.remark('early end', `${end.kind}: ${end.why}`)
    this.earlyEnd ??= end
    this.show()
  }

  #countOmitted(): void {
    const last = this.journal.at(-1)
    if (last === undefined) return
    const omitted = last.step === 'omitted' ? Number.parseInt(last.detail, 10) + 1 : 1
    const entry: JournalEntry = {
      at: this.#ctx.df.currentUtcDateTime.toISOString(),
      phase: this.#phase,
      step: 'omitted',
      seconds: null,
      attempt: 1,
      result: 'note',
      detail: `${omitted} more entries`,
    }
    if (last.step === 'omitted') this.journal[this.journal.length - 1] = entry
    else this.journal.push(entry)
  }
}
