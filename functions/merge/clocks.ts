/**
 * One clock for all containers: the database's, read by every container when it started and when it ended. The merge subtracts a
 * container's offset from each of its instants; the report prints the error bound of the offset.
 */
import type { ClockOffset } from '../../loadgen-image/contract/glossary.ts'
import { US_PER_SECOND, US_PER_TENTH } from '../../loadgen-image/contract/glossary.ts'

/** Each container reads it twice: in its ready record and in its summary. */
export interface ClockReading {
  readonly container: number
  readonly incarnation: string
  readonly clock: ClockOffset
}

/** Used without a reading: offset 0, and no error bound. The report says that no bound is known. */
export interface ContainerClock {
  readonly offsetUs: number
  readonly errorMs: number | null
}

/** For a clock whose error is not known. */
const UNKNOWN_CLOCK_MS = 2_000

export const clockErrorMs = ({ errorMs }: Pick<ContainerClock, 'errorMs'>): number => errorMs ?? UNKNOWN_CLOCK_MS

const UNKNOWN: ContainerClock = { offsetUs: 0, errorMs: null }

export const clockKey = (container: number, incarnation: string): string => `${container}/${incarnation}`

export function combineClocks(readings: readonly ClockReading[]): ReadonlyMap<string, ContainerClock> {
  const byContainer = Map.groupBy(readings, ({ container, incarnation }) => clockKey(container, incarnation))
  return new Map([...byContainer].map(([key, all]) => [key, combine(all.map(({ clock }) => clock))]))
}

export const clockOf = (
  clocks: ReadonlyMap<string, ContainerClock>,
  container: number,
  incarnation: string,
): ContainerClock => clocks.get(clockKey(container, incarnation)) ?? UNKNOWN

/** The reading with the smallest error bound counts. Readings that differ show a drift (or the clock of a new primary), which widens the bound. */
function combine(clocks: readonly ClockOffset[]): ContainerClock {
  const [best] = [...clocks].sort((a, b) => a.errorMs - b.errorMs || a.offsetMs - b.offsetMs) as [ClockOffset]
  const apartMs = Math.max(...clocks.map(({ offsetMs }) => Math.abs(offsetMs - best.offsetMs)))
  return { offsetUs: Math.round(best.offsetMs * 1000), errorMs: Math.max(best.errorMs, apartMs) }
}

/** Moves a container's times to the database's clock. Counts per second and tenth go to the nearest one. */
export class ClockShift {
  readonly #offsetUs: number
  readonly tenths: number
  readonly #seconds: number

  constructor(offsetUs: number) {
    this.#offsetUs = offsetUs
    this.tenths = Math.round(offsetUs / US_PER_TENTH)
    this.#seconds = Math.round(offsetUs / US_PER_SECOND)
  }

  second(second: number): number {
    return second - this.#seconds
  }

  instant(atUs: number): number {
    return atUs - this.#offsetUs
  }

  maybe(atUs: number | null): number | null {
    return atUs === null ? null : this.instant(atUs)
  }
}
