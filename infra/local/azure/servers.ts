/** The calls on the flexible server: read it, read its parameters and sizes, fail it over. */
import { type Cluster, FailoverRefused, type LocalFailoverMode } from '../cluster/cluster.ts'
import { ArmError, resourceNotFound } from './arm-error.ts'
import type { World } from './control.ts'
import { FLEXIBLE_SERVERS, type Place } from './guard.ts'
import type { Operation, Operations } from './operations.ts'
import { capabilitiesDocument, parameterDocument, serverDocument } from './server-documents.ts'

export interface ServerCalls {
  get(): ReturnType<typeof serverDocument>
  parameters(): Promise<{ value: ReturnType<typeof parameterDocument>[] }>
  parameter(name: string): Promise<ReturnType<typeof parameterDocument>>
  capabilities(): ReturnType<typeof capabilitiesDocument>
  /** Refuses by throwing; otherwise the failover is under way. */
  restart(body: unknown): Operation
}

export function createServerCalls(place: Place, cluster: Cluster, world: World, operations: Operations): ServerCalls {
  const createdAt = new Date()
  return {
    get: () => serverDocument(place, cluster, world, createdAt),
    parameters: async () => ({
      value: (await cluster.parameters()).map((parameter) => parameterDocument(place, cluster, parameter)),
    }),
    parameter: async (name) => {
      const found = (await cluster.parameters()).find((parameter) => parameter.name === name)
      if (found === undefined)
        throw resourceNotFound(`${FLEXIBLE_SERVERS}/configurations`, `${place.server}/${name}`, place.resourceGroup)
      return parameterDocument(place, cluster, found)
    },
    capabilities: () => capabilitiesDocument(cluster),
    restart: (body) => {
      const mode = failoverModeOf(body)
      requireWilling(place, world)
      return operations.start(failOver(cluster, world, mode))
    },
  }
}

/** The switchover modes exist as well; nothing here asks for them. */
const MODES: Readonly<Record<string, LocalFailoverMode>> = { ForcedFailover: 'forced', PlannedFailover: 'planned' }

function failoverModeOf(body: unknown): LocalFailoverMode {
  const { restartWithFailover, failoverMode }: { restartWithFailover?: unknown; failoverMode?: unknown } =
    typeof body === 'object' && body !== null ? body : {}
  const mode = typeof failoverMode === 'string' ? MODES[failoverMode] : undefined
  if (restartWithFailover !== true || mode === undefined)
    throw new ArmError(
      400,
      'InvalidParameterValue',
      `Only restartWithFailover true with failoverMode ${Object.keys(MODES).join(' or ')} is served here.`,
    )
  return mode
}

function requireWilling({ server }: Place, world: World): void {
  if (world.isBusy)
    throw new ArmError(
      409,
      'ServerIsBusy',
      `Cannot complete operation because server '${server}' is busy processing another operation.`,
    )
  if (!world.isHighlyAvailable)
    throw new ArmError(400, 'HANotEnabled', `High availability is not enabled on server '${server}'.`)
  if (world.isStandbyMissing)
    throw new ArmError(409, 'HighAvailabilityNotHealthy', `Server '${server}' has no standby that could take over.`)
}

function failOver(cluster: Cluster, world: World, mode: LocalFailoverMode): Promise<unknown> {
  if (world.failovers === 'lost') return forever()
  const done = startFailover(cluster, mode)
  if (world.failovers === 'real') return done
  world.isStandbyMissing = true
  return done.then(forever)
}

const forever = (): Promise<never> => new Promise(() => {})

function startFailover(cluster: Cluster, mode: LocalFailoverMode): Promise<void> {
  try {
    return cluster.failover(mode)
  } catch (cause) {
    if (cause instanceof FailoverRefused) throw new ArmError(409, cause.code, cause.message)
    throw cause
  }
}
