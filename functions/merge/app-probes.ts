/**
 * The records of application probes, of all containers and in any order, as one view per probe on the database's clock. A duplicate
 * counts once. A second that a container left out counts as not observed by it.
 */
import type { AppProbeRecord, AppWindow } from '../../loadgen-image/contract/app-probe.ts'
import { Histogram, type PackedHistogram } from '../../loadgen-image/contract/histogram.ts'
import { ClockShift } from './clocks.ts'
import { packed } from './histograms.ts'

export interface MergedAppSecond {
  readonly second: number
  readonly good: number
  readonly failed: number
  readonly unobserved: number
  /** Containers that recorded this second. */
  readonly recorded: number
}

export interface MergedAppWindow extends AppWindow {
  readonly container: number
}

export interface MergedApplication {
  readonly name: string
  readonly containers: readonly number[]
  /** Rising; seconds without a record are left out. */
  readonly seconds: readonly MergedAppSecond[]
  /** Of good requests. */
  readonly response: PackedHistogram
  readonly errors: Readonly<Record<string, number>>
  /** In the order of time. */
  readonly windows: readonly MergedAppWindow[]
}

export class AppMerge {
  readonly #byProbe = new Map<string, ProbeSums>()

  add(record: AppProbeRecord, offsetUs: number): void {
    let sums = this.#byProbe.get(record.probe)
    if (sums === undefined) {
      sums = new ProbeSums(record.probe)
      this.#byProbe.set(record.probe, sums)
    }
    sums.add(record, new ClockShift(offsetUs))
  }

  finish(): MergedApplication[] {
    return [...this.#byProbe.values()].map((sums) => sums.finish()).sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Newest {
  readonly container: number
  readonly fromSecond: number
  readonly open: AppWindow | null
  readonly isLast: boolean
}

class ProbeSums {
  readonly #name: string
  readonly #seen = new Set<string>()
  readonly #seconds = new Map<number, Mutable<MergedAppSecond>>()
  readonly #response = new Histogram()
  readonly #errors = new Map<string, number>()
  readonly #windows: MergedAppWindow[] = []
  readonly #newest = new Map<string, Newest>()
  readonly #containers = new Set<number>()

  constructor(name: string) {
    this.#name = name
  }

  add(record: AppProbeRecord, shift: ClockShift): void {
    const { container, incarnation, fromSecond } = record
    const key = `${container}/${incarnation}/${fromSecond}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#containers.add(container)
    this.#response.add(record.response)
    record.seconds.forEach((counts, index) => {
      const sums = this.#secondAt(shift.second(fromSecond + index))
      sums.good += counts[0]
      sums.failed += counts[1]
      sums.unobserved += counts[2]
      sums.recorded++
    })
    for (const [code, count] of Object.entries(record.errors))
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + count)
    for (const window of record.windows) this.#windows.push(shifted(window, container, shift))
    this.#keepNewest(`${container}/${incarnation}`, record, shift)
  }

  /** The newest record of a container says which window went on when its records ended. */
  #keepNewest(key: string, { container, fromSecond, open, isLast }: AppProbeRecord, shift: ClockShift): void {
    const other = this.#newest.get(key)
    if (other !== undefined && other.fromSecond > fromSecond) return
    this.#newest.set(key, { container, fromSecond, isLast, open: open && shifted(open, container, shift) })
  }

  finish(): MergedApplication {
    const open = [...this.#newest.values()].flatMap(({ container, open, isLast }) =>
      open === null ? [] : [{ ...open, container, endedUnobserved: !isLast }],
    )
    return {
      name: this.#name,
      containers: [...this.#containers].sort((a, b) => a - b),
      seconds: [...this.#seconds.values()].sort((a, b) => a.second - b.second),
      response: packed(this.#response),
      errors: Object.fromEntries([...this.#errors].sort(([a], [b]) => (a < b ? -1 : 1))),
      windows: [...this.#windows, ...open].sort(
        (a, b) => a.firstFailedUs - b.firstFailedUs || a.container - b.container,
      ),
    }
  }

  #secondAt(second: number): Mutable<MergedAppSecond> {
    let sums = this.#seconds.get(second)
    if (sums === undefined) {
      sums = { second, good: 0, failed: 0, unobserved: 0, recorded: 0 }
      this.#seconds.set(second, sums)
    }
    return sums
  }
}

const shifted = (window: AppWindow, container: number, shift: ClockShift): MergedAppWindow => ({
  ...window,
  container,
  firstFailedUs: shift.instant(window.firstFailedUs),
  lastFailedUs: shift.instant(window.lastFailedUs),
  goodAtUs: shift.maybe(window.goodAtUs),
})
