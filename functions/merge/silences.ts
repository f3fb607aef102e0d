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

/** The acknowledgements of one container incarnation, in any order. */
export class AckLog {
  readonly #gapFrom = new Column()
  readonly #gapTo = new Column()
  readonly #firstAck = new Column()
  readonly #lastAck = new Column()

  gap(fromUs: number, toUs: number): void {
    if (toUs - fromUs < SHORTEST_SILENCE_US) return
    this.#gapFrom.push(fromUs)
    this.#gapTo.push(toUs)
  }

  /** The first and the last acknowledgement of one second. */
  acks(firstAtUs: number, lastAtUs: number): void {
    this.#firstAck.push(firstAtUs)
    this.#lastAck.push(lastAtUs)
  }

  silences(): Silences {
    const from = new Column()
    const to = new Column()
    this.#betweenSeconds((fromUs, toUs) => {
      from.push(fromUs)
      to.push(toUs)
    })
    for (let i = 0; i < this.#gapFrom.length; i++) {
      from.push(this.#gapFrom.values()[i] as number)
      to.push(this.#gapTo.values()[i] as number)
    }
    return unite(from.values(), to.values())
  }

  #betweenSeconds(emit: (fromUs: number, toUs: number) => void): void {
    const firsts = this.#firstAck.values().slice().sort()
    const lasts = this.#lastAck.values().slice().sort()
    let previous = Number.NEGATIVE_INFINITY
    for (let i = 0; i < firsts.length; i++) {
      const first = firsts[i] as number
      if (first - previous >= SHORTEST_SILENCE_US) emit(previous, first)
      previous = lasts[i] as number
    }
    emit(previous, Number.POSITIVE_INFINITY)
  }
}

/** Overlapping silences become one. Two that only touch stay two: the acknowledgement between them is what ended the first. */
function unite(fromUs: Float64Array, toUs: Float64Array): Silences {
  const order = Array.from(fromUs.keys()).sort(
    (a, b) => (fromUs[a] as number) - (fromUs[b] as number) || (toUs[a] as number) - (toUs[b] as number),
  )
  const from = new Column()
  const to = new Column()
  let openFrom = Number.NaN
  let openTo = Number.NaN
  for (const i of order) {
    const nextFrom = fromUs[i] as number
    const nextTo = toUs[i] as number
    if (nextFrom < openTo) {
      openTo = Math.max(openTo, nextTo)
      continue
    }
    if (!Number.isNaN(openFrom)) {
      from.push(openFrom)
      to.push(openTo)
    }
    openFrom = nextFrom
    openTo = nextTo
  }
  if (!Number.isNaN(openFrom)) {
    from.push(openFrom)
    to.push(openTo)
  }
  return { fromUs: from.values().slice(), toUs: to.values().slice() }
}

const NO_SILENCE: Silences = { fromUs: new Float64Array(0), toUs: new Float64Array(0) }

/** Where all containers are silent. Without containers the result is empty. */
export const silentEverywhere = (all: readonly Silences[]): Silences =>
  all.length === 0 ? NO_SILENCE : all.reduce(overlap)

function overlap(a: Silences, b: Silences): Silences {
  const from = new Column()
  const to = new Column()
  for (let i = 0, j = 0; i < a.fromUs.length && j < b.fromUs.length; ) {
    const fromUs = Math.max(a.fromUs[i] as number, b.fromUs[j] as number)
    const toUs = Math.min(a.toUs[i] as number, b.toUs[j] as number)
    if (toUs - fromUs >= SHORTEST_SILENCE_US) {
      from.push(fromUs)
      to.push(toUs)
    }
    if ((a.toUs[i] as number) < (b.toUs[j] as number)) i++
    else j++
  }
  return { fromUs: from.values().slice(), toUs: to.values().slice() }
}
