/** Errors of one second, counted by code, phase and outcome: one entry per kind of error, for any number of errors. */
import type { ErrorCount } from '../contract/glossary.ts'
import type { Failure } from './outcome.ts'

type ErrorKind = Pick<ErrorCount, 'phase' | 'outcome'>

interface Tally extends ErrorKind {
  readonly code: string
  readonly example: string
  readonly firstAtUs: number
  readonly workers: Set<number>
  count: number
  lastAtUs: number
}

export class ErrorTally {
  #tallies = new Map<string, Tally>()

  add({ code, message }: Failure, { phase, outcome }: ErrorKind, worker: number, atUs: number): void {
    const key = `${phase} ${outcome} ${code}`
    const at = Math.floor(atUs)
    let tally = this.#tallies.get(key)
    if (tally === undefined) {
      tally = { code, phase, outcome, count: 0, firstAtUs: at, lastAtUs: at, workers: new Set(), example: message }
      this.#tallies.set(key, tally)
    }
    tally.count++
    tally.lastAtUs = at
    tally.workers.add(worker)
  }

  take(): ErrorCount[] {
    const taken = [...this.#tallies.values()].map((tally) => ({ ...tally, workers: tally.workers.size }))
    this.#tallies = new Map()
    return taken
  }
}

/** Threads have different workers, so the numbers of workers add up. */
export function mergeErrors(lists: readonly (readonly ErrorCount[])[]): ErrorCount[] {
  const merged = new Map<string, ErrorCount>()
  for (const error of lists.flat()) {
    const key = `${error.phase} ${error.outcome} ${error.code}`
    const other = merged.get(key)
    merged.set(key, other === undefined ? error : joined(other, error))
  }
  return [...merged.values()]
}

const joined = (a: ErrorCount, b: ErrorCount): ErrorCount => ({
  ...(a.firstAtUs <= b.firstAtUs ? a : b),
  count: a.count + b.count,
  firstAtUs: Math.min(a.firstAtUs, b.firstAtUs),
  lastAtUs: Math.max(a.lastAtUs, b.lastAtUs),
  workers: a.workers + b.workers,
})
