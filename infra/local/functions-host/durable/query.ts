/** Which instances a caller of the management API wants to see, and page by page. */
import type { Instance } from '../engine/instance.ts'
import type { StatusOptions } from './status.ts'

export interface Query {
  readonly idPrefix: string
  readonly createdFromMs: number | undefined
  readonly createdToMs: number | undefined
  readonly statuses: ReadonlySet<string>
  readonly pageSize: number
  readonly show: StatusOptions
}

const PAGE_SIZE = 100

export function readQuery({ searchParams }: URL): Query {
  const flag = (name: string, fallback: boolean): boolean => {
    const value = searchParams.get(name)?.toLowerCase()
    return value === 'true' || (value !== 'false' && fallback)
  }
  const timeMs = (name: string): number | undefined => {
    const ms = Date.parse(searchParams.get(name) ?? '')
    return Number.isNaN(ms) ? undefined : ms
  }
  const top = Number.parseInt(searchParams.get('top') ?? '', 10)
  return {
    idPrefix: searchParams.get('instanceIdPrefix') ?? '',
    createdFromMs: timeMs('createdTimeFrom'),
    createdToMs: timeMs('createdTimeTo'),
    statuses: new Set(
      searchParams
        .getAll('runtimeStatus')
        .flatMap((text) => text.split(','))
        .filter((text) => text !== ''),
    ),
    pageSize: top > 0 ? top : PAGE_SIZE,
    show: {
      showHistory: flag('showHistory', false),
      showHistoryOutput: flag('showHistoryOutput', false),
      showInput: flag('showInput', true),
    },
  }
}

/** Ordered by id, as the table behind the real one is. The token is opaque to callers: it holds the last id seen. */
export function listInstances(
  all: readonly Instance[],
  query: Query,
  token: string,
): { readonly items: readonly Instance[]; readonly next: string | undefined } {
  const after = Buffer.from(token, 'base64url').toString('utf8')
  const wanted = all
    .filter((instance) => fits(instance, query) && (after === '' || instance.instanceId > after))
    .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
  const items = wanted.slice(0, query.pageSize)
  const last = items.at(-1)
  const more = wanted.length > items.length && last !== undefined
  return { items, next: more ? Buffer.from(last.instanceId).toString('base64url') : undefined }
}

function fits({ instanceId, createdAt, status }: Instance, query: Query): boolean {
  const createdAtMs = Date.parse(createdAt)
  return (
    instanceId.startsWith(query.idPrefix) &&
    createdAtMs >= (query.createdFromMs ?? Number.NEGATIVE_INFINITY) &&
    createdAtMs <= (query.createdToMs ?? Number.POSITIVE_INFINITY) &&
    (query.statuses.size === 0 || query.statuses.has(status))
  )
}
