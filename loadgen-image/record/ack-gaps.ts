/**
 * Times without any acknowledgement. A thread notes its own gaps. The gaps of a container are where the gaps of all its threads
 * overlap: a thread without work is no outage, and a thread that still gets acknowledgements ends one.
 */
import type { AckGap } from '../contract/glossary.ts'
import { intersection } from '../contract/intervals.ts'

/** Shorter ones are the usual spacing of replies. */
export const MIN_GAP_US = 20_000
export const LONG_GAP_US = 1_000_000

/** The gaps of one thread when a second ends. */
export interface ThreadGaps {
  readonly closed: readonly AckGap[]
  /** The last acknowledgement, or the start of the load when none came. */
  readonly quietSinceUs: number
}

export class GapTracker {
  #lastAckAtUs: number
  #closed: AckGap[] = []
  #lastLong: AckGap | null = null

  constructor(startAtUs: number) {
    this.#lastAckAtUs = startAtUs
  }

  ack(atUs: number): void {
    const gap = { fromUs: this.#lastAckAtUs, toUs: atUs }
    if (atUs - this.#lastAckAtUs >= MIN_GAP_US) this.#closed.push(gap)
    if (atUs - this.#lastAckAtUs >= LONG_GAP_US) this.#lastLong = gap
    if (atUs > this.#lastAckAtUs) this.#lastAckAtUs = atUs
  }

  /** The newest gap of a second or more: a worker that waited through it had an outage, even without an error. */
  get lastLong(): AckGap | null {
    return this.#lastLong
  }

  take(): ThreadGaps {
    const gaps = { closed: this.#closed, quietSinceUs: this.#lastAckAtUs }
    this.#closed = []
    return gaps
  }
}

/** Overlaps the gaps of all threads, second by second. */
export class GapIntersection {
  #pending: AckGap[][]

  constructor(threads: number) {
    this.#pending = Array.from({ length: threads }, () => [])
  }

  /** The gaps of the container that have ended. Every thread must have reported everything up to `horizonUs`. */
  advance(threads: readonly ThreadGaps[], horizonUs: number): AckGap[] {
    const gaps = threads.map(({ closed, quietSinceUs }, thread) => [
      ...(this.#pending[thread] as AckGap[]),
      ...closed,
      { fromUs: quietSinceUs, toUs: Number.POSITIVE_INFINITY },
    ])
    const common = gaps.reduce(intersection)
    const ended = common.filter(({ toUs }) => toUs < horizonUs)
    this.#keepFrom(gaps, common.find(({ toUs }) => toUs >= horizonUs)?.fromUs ?? horizonUs)
    return ended.filter(({ fromUs, toUs }) => toUs - fromUs >= MIN_GAP_US)
  }

  /** The gap that is still open when the load ends, up to that moment. */
  finish(threads: readonly ThreadGaps[], endUs: number): AckGap[] {
    const quiet = Math.max(...threads.map(({ quietSinceUs }) => quietSinceUs))
    return endUs - quiet >= MIN_GAP_US ? [{ fromUs: quiet, toUs: endUs }] : []
  }

  /** Closed gaps are needed again only while a common gap reaches over the horizon. */
  #keepFrom(gaps: readonly AckGap[][], fromUs: number): void {
    this.#pending = gaps.map((list) => list.filter((gap) => gap.toUs > fromUs && gap.toUs < Number.POSITIVE_INFINITY))
  }
}
