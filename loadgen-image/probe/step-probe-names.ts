/**
 * Resolves the server's name again and again. All attempts that begin at the same moment share one lookup, and while one is under
 * way no other begins: the lookups of a process have four threads, and the workers of the load need them.
 */
import type { NameReading } from '../contract/step-probe.ts'

type Resolve = (host: string) => Promise<readonly string[]>

interface NamesOptions {
  /** The first of them is the one whose changes are recorded. */
  readonly hosts: readonly string[]
  readonly resolve: Resolve
  readonly nowUs: () => number
  readonly onReading: (reading: NameReading) => void
}

interface Lookup {
  readonly result: Promise<readonly string[]>
  isUnderWay: boolean
}

export class Names {
  readonly #options: NamesOptions
  readonly #lookups = new Map<string, Lookup>()
  #known: string | null = null

  constructor(options: NamesOptions) {
    this.#options = options
  }

  /** Begins a lookup of each name whose last one has ended. */
  look(): void {
    for (const host of this.#options.hosts) if (this.#lookups.get(host)?.isUnderWay !== true) this.#begin(host)
  }

  /** The newest lookup's result. */
  resolve(host: string): Promise<readonly string[]> {
    return (this.#lookups.get(host) ?? this.#begin(host)).result
  }

  #begin(host: string): Lookup {
    const result = this.#options.resolve(host)
    const lookup: Lookup = { result, isUnderWay: true }
    this.#lookups.set(host, lookup)
    const ended = (addresses: readonly string[]) => {
      lookup.isUnderWay = false
      if (host === this.#options.hosts[0]) this.#read(addresses)
    }
    result.then(ended, () => ended([]))
    return lookup
  }

  #read(found: readonly string[]): void {
    const addresses = [...found].sort()
    const text = addresses.join(' ')
    if (text === this.#known) return
    this.#known = text
    this.#options.onReading({ atUs: Math.round(this.#options.nowUs()), addresses })
  }
}
