/**
 * Intervals without any acknowledgement. Each container reports its own; the service was silent where those of all containers overlap.
 *
 * A container's silences come from two sources that agree: the gaps that it reports, and the distance between the last
 * acknowledgement of one second and the first one of a later second. Before its first and after its last record a container
 * counts as silent, so a dead container cannot mask an outage.
 */
import { Column } from './columns.ts'

/** Rising, disjoint, `from < to`; the ends may be infinite. */
export interface Silences {
  readonly fromUs: Float64Array
  readonly toUs: Float64Array
}

/** Shorter ones are never an outage, and at a low rate every pause between two arrivals would be kept. */
export const SHORTEST_SILENCE_US = 50_000

/** Intervals while they are collected. */
class Spans {
  readonly #from = new Column()
  readonly #to = new Column()

  push(fromUs: number, toUs: number): void {
    this.#from.push(fromUs)
    this.#to.push(toUs)
  }

  silences(): Silences {
    return { fromUs: this.#from.values().slice(), toUs: this.#to.values().slice() }
  }
}

/** The acknowledgements of one container incarnation, in any order. */
export class AckLog {
  readonly #gaps = new Spans()
  /** From the first acknowledgement of a second to its last. */
  readonly #seconds = new Spans()

  gap(fromUs: number, toUs: number): void {
    if (toUs - fromUs >= SHORTEST_SILENCE_US) this.#gaps.push(fromUs, toUs)
  }

  /** The first and the last acknowledgement of one second. */
  acks(firstAtUs: number, lastAtUs: number): void {
    this.#seconds.push(firstAtUs, lastAtUs)
  }

  silences(): Silences {
    const all = new Spans()
    const gaps = this.#gaps.silences()
    for (const [i, fromUs] of gaps.fromUs.entries()) all.push(fromUs, gaps.toUs[i] as number)
    this.#betweenSeconds(all)
    return unite(all.silences())
  }

  #betweenSeconds(silent: Spans): void {
    const { fromUs, toUs } = this.#seconds.silences()
    const lasts = toUs.sort()
    let previous = Number.NEGATIVE_INFINITY
    for (const [i, first] of fromUs.sort().entries()) {
      if (first - previous >= SHORTEST_SILENCE_US) silent.push(previous, first)
      previous = lasts[i] as number
    }
    silent.push(previous, Number.POSITIVE_INFINITY)
  }
}

/** Overlapping silences become one. Two that only touch stay two: the acknowledgement between them is what ended the first. */
function unite({ fromUs, toUs }: Silences): Silences {
  const order = Array.from(fromUs.keys()).sort(
    (a, b) => (fromUs[a] as number) - (fromUs[b] as number) || (toUs[a] as number) - (toUs[b] as number),
  )
  const united = new Spans()
  let openFrom = Number.NaN
  let openTo = Number.NaN
  const close = () => {
    if (!Number.isNaN(openFrom)) united.push(openFrom, openTo)
  }
  for (const i of order) {
    const nextFrom = fromUs[i] as number
    const nextTo = toUs[i] as number
    if (nextFrom < openTo) {
      openTo = Math.max(openTo, nextTo)
      continue
    }
    close()
    openFrom = nextFrom
    openTo = nextTo
  }
  close()
  return united.silences()
}

const NO_SILENCE: Silences = { fromUs: new Float64Array(0), toUs: new Float64Array(0) }

/** Where all containers are silent. Without containers the result is empty. */
export const silentEverywhere = (all: readonly Silences[]): Silences =>
  all.length === 0 ? NO_SILENCE : all.reduce(overlap)

function overlap(a: Silences, b: Silences): Silences {
  const common = new Spans()
  for (let i = 0, j = 0; i < a.fromUs.length && j < b.fromUs.length; ) {
    const fromUs = Math.max(a.fromUs[i] as number, b.fromUs[j] as number)
    const toUs = Math.min(a.toUs[i] as number, b.toUs[j] as number)
    if (toUs - fromUs >= SHORTEST_SILENCE_US) common.push(fromUs, toUs)
    if ((a.toUs[i] as number) < (b.toUs[j] as number)) i++
    else j++
  }
  return common.silences()
}
