/**
 * CPU, event loop delay, send lag and connections of one container's load generator, second by second. Every second of the load
 * is kept, so that any set of seconds can be judged; typed columns keep hundreds of thousands of them small.
 */
import type { PackedRecord } from '../../loadgen-image/contract/chunk.ts'
import { Column } from './columns.ts'
import type { SendLag } from './histograms.ts'

/** Row by row, rising by second. */
export interface HealthColumns {
  /** Epoch second on the database's clock. */
  readonly second: Uint32Array
  readonly intended: Uint32Array
  readonly sent: Uint32Array
  readonly sendLagP99Us: Uint32Array
  readonly eventLoopDelayP99Us: Uint32Array
  readonly cpuUs: Uint32Array
  readonly connectionsOpen: Uint32Array
}

const NAMES = [
  'second',
  'intended',
  'sent',
  'sendLagP99Us',
  'eventLoopDelayP99Us',
  'cpuUs',
  'connectionsOpen',
] as const satisfies readonly (keyof HealthColumns)[]

type Row = Record<(typeof NAMES)[number], number>

export class HealthLog {
  readonly #columns = NAMES.map((name) => ({ name, column: new Column(Uint32Array) }))

  add(second: number, { counts, health, connections }: PackedRecord, { sent, p99Us }: SendLag): void {
    const row: Row = {
      second,
      intended: counts.intended,
      sent,
      sendLagP99Us: p99Us ?? 0,
      eventLoopDelayP99Us: health.eventLoopDelayP99Us,
      cpuUs: health.cpuUs,
      connectionsOpen: connections.open,
    }
    for (const { name, column } of this.#columns) column.push(row[name])
  }

  /** Independent of the order in which the records came. */
  columns(): HealthColumns {
    const seconds = this.#columns[0]?.column.values() ?? new Uint32Array(0)
    if (!seconds.every((second, row) => row === 0 || second >= (seconds[row - 1] as number)))
      return this.#ordered(seconds)
    return Object.fromEntries(
      this.#columns.map(({ name, column }) => [name, column.values()]),
    ) as unknown as HealthColumns
  }

  #ordered(seconds: Uint32Array): HealthColumns {
    const rows = [...seconds.keys()].sort((a, b) => (seconds[a] as number) - (seconds[b] as number))
    return Object.fromEntries(
      this.#columns.map(({ name, column }) => {
        const values = column.values()
        return [name, Uint32Array.from(rows, (row) => values[row] as number)]
      }),
    ) as unknown as HealthColumns
  }
}

/** Of a set of seconds, such as the baseline. */
export interface Health {
  readonly seconds: number
  readonly intended: number
  readonly sent: number
  /** The p99 of each second. */
  readonly sendLagP99Us: readonly number[]
  readonly eventLoopDelayP99Us: readonly number[]
  readonly cpuUs: number
  readonly minConnectionsOpen: number
}

export function healthIn(columns: HealthColumns, seconds: ReadonlySet<number>): Health {
  const rows = [...columns.second.keys()].filter((row) => seconds.has(columns.second[row] as number))
  const values = (name: keyof HealthColumns): number[] => rows.map((row) => columns[name][row] as number)
  const sum = (name: keyof HealthColumns): number => values(name).reduce((all, value) => all + value, 0)
  return {
    seconds: rows.length,
    intended: sum('intended'),
    sent: sum('sent'),
    sendLagP99Us: values('sendLagP99Us'),
    eventLoopDelayP99Us: values('eventLoopDelayP99Us'),
    cpuUs: sum('cpuUs'),
    minConnectionsOpen: values('connectionsOpen').reduce(
      (least, open) => Math.min(least, open),
      Number.POSITIVE_INFINITY,
    ),
  }
}
