/** The servers of a local stack: each has a folder and processes of its own, a name in the local platform, and an entry in DRILL_TARGETS. */
import type { Place } from '../azure/arm/arm.ts'
import type { LocalCluster } from '../cluster/local-cluster.ts'
import { Processes } from '../process/processes.ts'
import { folderOfServer, type StackFolder } from '../process/stack-folder.ts'

/** What the app does to a server of its own accord. */
export interface LocalTarget {
  /** Null: no daily drill. */
  readonly schedule: string | null
  readonly dailyRequest: Readonly<Record<string, unknown>>
  readonly stopAfterFailures?: number
}

/** Where a server's files and processes are. */
export interface ServerRoom {
  readonly number: number
  readonly folder: StackFolder
  readonly processes: Processes
}

export function roomsOf(folder: StackFolder, count: number): readonly [ServerRoom, ...ServerRoom[]] {
  const further = Array.from({ length: count - 1 }, (_, i) => {
    const own = folderOfServer(folder, i + 2)
    return { number: i + 2, folder: own, processes: new Processes(own) }
  })
  return [{ number: 1, folder, processes: new Processes(folder) }, ...further]
}

export interface LocalServer {
  readonly place: Place
  readonly cluster: LocalCluster
}

export const placeOf = (first: Place, number: number): Place =>
  number === 1 ? first : { ...first, server: `${first.server}-${number}` }

/** For one server the single settings, for several the list. */
export function serverSettings(
  servers: readonly LocalServer[],
  targets: readonly LocalTarget[],
): Record<string, string> {
  const [only, ...more] = servers
  if (only !== undefined && more.length === 0) {
    const { facts } = only.cluster
    const [target] = targets
    return {
      ...(target !== undefined && {
        DAILY_DRILL_SCHEDULE: target.schedule ?? '',
        DAILY_DRILL_REQUEST: JSON.stringify(target.dailyRequest),
      }),
      POSTGRES_SERVER: only.place.server,
      POSTGRES_HOST: facts.host,
      POSTGRES_PORT_DIRECT: String(facts.directPort),
      POSTGRES_PORT_PGBOUNCER: String(facts.pgbouncerPort),
    }
  }
  const entries = servers.map(({ place, cluster: { facts } }, index) => {
    const { schedule = null, ...target } = targets[index] ?? {}
    return {
      name: place.server,
      resourceGroup: place.resourceGroup,
      server: place.server,
      host: facts.host,
      directPort: facts.directPort,
      pgbouncerPort: facts.pgbouncerPort,
      ...(schedule !== null && { schedule }),
      ...target,
    }
  })
  return { DRILL_TARGETS: JSON.stringify(entries) }
}
