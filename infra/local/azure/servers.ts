/** The calls on the flexible server: reads of the server, its parameters and its sizes, and the failover. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, FailoverRefused, type LocalFailoverMode } from '../cluster/cluster.ts'
import { ArmError, FLEXIBLE_SERVERS, type Place, resourceNotFound } from './arm.ts'
import type { Switches } from './control.ts'
import type { Operation, Operations } from './operations.ts'
import { capabilitiesDocument, parameterDocument, serverDocument } from './server-documents.ts'
import type { WeatherFall } from './weather-fall.ts'

export type ServerCalls = ReturnType<typeof createServerCalls>

interface ServerParts {
  readonly place: Place
  readonly cluster: Cluster
  readonly switches: Switches
  readonly operations: Operations
  readonly weather: WeatherFall
}

export function createServerCalls({ place, cluster, switches, operations, weather }: ServerParts) {
  const createdAt = new Date()
  return {
    get: () => serverDocument({ place, cluster, switches, weather }, createdAt),
    parameters: async () => ({
      value: (await cluster.parameters()).map((parameter) => parameterDocument(place, cluster, parameter)),
    }),
    parameter: async (name: string) => {
      const found = (await cluster.parameters()).find((parameter) => parameter.name === name)
      if (found === undefined)
        throw resourceNotFound(`${FLEXIBLE_SERVERS}/configurations`, `${place.server}/${name}`, place.resourceGroup)
      return parameterDocument(place, cluster, found)
    },
    capabilities: () => capabilitiesDocument(cluster),
    /** Ends after a moment, as a promise of the platform does. */
    power: (action: 'start' | 'stop'): Operation => {
      requirePower(place, switches, action)
      return operations.start(
        sleep(POWER_MS).then(() => {
          switches.isStopped = action === 'stop'
        }),
      )
    },
    /** Throws when it is refused; otherwise the failover has begun. */
    restart: (body: unknown): Operation => {
      const mode = failoverModeOf(body)
      requireAvailable(place, switches)
      return operations.start(weather.droppedFailover(place.server) ?? failOver(cluster, switches, mode))
    },
  }
}

const POWER_MS = 300

function requirePower({ server }: Place, switches: Switches, action: 'start' | 'stop'): void {
  if (switches.isBusy)
    throw new ArmError(
      409,
      'ServerIsBusy',
      `Cannot complete operation while server '${server}' is busy. Try again later.`,
    )
  if (action === 'stop' && switches.isStopped)
    throw new ArmError(
      400,
      'ServerIsNotReady',
      `Restart or Stop Server can only be performed on Started servers. Server Name = ${server}, Current Server State = Stopped`,
    )
}

/** Azure's switchover modes are not served: the drill never uses them. */
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

function requireAvailable({ server }: Place, switches: Switches): void {
  if (switches.isBusy)
    throw new ArmError(
      409,
      'ServerIsBusy',
      `Cannot complete operation because server '${server}' is busy processing another operation.`,
    )
  if (!switches.isHighlyAvailable)
    throw new ArmError(400, 'HANotEnabled', `High availability is not enabled on server '${server}'.`)
  if (switches.isStandbyMissing)
    throw new ArmError(409, 'HighAvailabilityNotHealthy', `Server '${server}' has no standby that could take over.`)
}

function failOver(cluster: Cluster, switches: Switches, mode: LocalFailoverMode): Promise<unknown> {
  if (switches.failovers === 'lost') return never()
  const done = startFailover(cluster, mode)
  if (switches.failovers === 'real') return done
  switches.isStandbyMissing = true
  return done.then(never)
}

const never = (): Promise<never> => new Promise(() => {})

function startFailover(cluster: Cluster, mode: LocalFailoverMode): Promise<void> {
  try {
    return cluster.failover(mode)
  } catch (cause) {
    if (cause instanceof FailoverRefused) throw new ArmError(409, cause.code, cause.message)
    throw cause
  }
}
