/** The calls that act on a flexible server: restart with and without failover, scaling, the promotion of a replica, stop and start. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { type Cluster, type LocalFailoverMode, PlatformRefused, type PromoteOption } from '../cluster/cluster.ts'
import { type Addressed, ArmError, FAILOVER_MODES, invalidValue, type Place, serverIsBusy } from './arm/arm.ts'
import type { Operation, Operations } from './arm/operations.ts'
import type { WeatherFall } from './arm/weather-fall.ts'
import type { Switches } from './control.ts'

interface ActionParts {
  readonly cluster: Cluster
  readonly switches: Switches
  readonly operations: Operations
  readonly weather: WeatherFall
}

export type ServerActions = ReturnType<typeof createServerActions>

/** Each throws when it is refused; otherwise the action has begun. */
export function createServerActions({ cluster, switches, operations, weather }: ActionParts) {
  const begin = ({ place }: Addressed, act: () => Promise<unknown>): Operation => {
    requireAvailable(place, switches)
    return operations.start(weather.droppedEvent(place.server) ?? outcomeOf(switches, () => orRefusal(place, act)))
  }
  return {
    /** Ends after a moment, as a promise of the platform does. */
    power: ({ place }: Addressed, action: 'start' | 'stop'): Operation => {
      requirePower(place, switches, action)
      return operations.start(
        sleep(POWER_MS).then(() => {
          switches.isStopped = action === 'stop'
        }),
      )
    },
    restart: (server: Addressed, body: unknown): Operation => {
      const mode = failoverModeOf(body)
      if (mode === null) return begin(server, () => cluster.restart(server.site))
      requireAvailable(server.place, switches)
      requireStandby(server, cluster, switches)
      return begin(server, () => cluster.failover(mode))
    },
    /** A new size, or the promotion of a replica; not both in one request. */
    patch: (server: Addressed, body: unknown): Operation => {
      const patch = patchOf(body)
      if (patch.promotion === null) {
        const name = skuOf(cluster, patch.sku)
        return begin(server, () => cluster.scale(name, server.site))
      }
      const option = promoteOptionOf(cluster, server, patch.promotion)
      return begin(server, () => cluster.promote(option))
    },
  }
}

// ---- What the request asks for ----------------------------------------------------------------------------------------

const restartBody = z
  .object({ restartWithFailover: z.boolean().default(false), failoverMode: z.string().optional() })
  .default({ restartWithFailover: false })

/** Null: a restart without a failover. */
function failoverModeOf(body: unknown): LocalFailoverMode | null {
  const parsed = restartBody.safeParse(body ?? undefined)
  if (!parsed.success) throw invalidValue('RestartWithFailover')
  if (!parsed.data.restartWithFailover) return null
  const mode = FAILOVER_MODES[parsed.data.failoverMode ?? '']
  if (mode === undefined) throw invalidValue('FailoverMode')
  return mode
}

const sku = z.object({ name: z.string(), tier: z.string().optional() })
const promotion = z.object({
  role: z.string().optional(),
  promoteMode: z.string(),
  promoteOption: z.string().default('Planned'),
})
const patchBody = z.object({ sku: sku.optional(), properties: z.object({ replica: promotion.optional() }).optional() })

type Patch =
  | { readonly sku: z.infer<typeof sku>; readonly promotion: null }
  | { readonly sku: null; readonly promotion: z.infer<typeof promotion> }

function patchOf(body: unknown): Patch {
  const parsed = patchBody.safeParse(body ?? {})
  if (!parsed.success)
    throw new ArmError(400, 'InvalidRequestContent', `The request content was invalid: ${problem(parsed.error)}.`)
  const { sku: size, properties } = parsed.data
  if (properties?.replica !== undefined && size === undefined) return { sku: null, promotion: properties.replica }
  if (properties?.replica === undefined && size !== undefined) return { sku: size, promotion: null }
  throw new ArmError(400, 'InvalidParameterValue', 'Only a new sku, or the promotion of a replica, is served here.')
}

const problem = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')

function skuOf({ facts }: Cluster, { name, tier }: z.infer<typeof sku>): string {
  const found = facts.skus.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (found === undefined) throw invalidValue('Sku')
  if (tier !== undefined && tier !== found.tier) throw invalidValue('Tier')
  return found.name
}

function promoteOptionOf(cluster: Cluster, { site }: Addressed, asked: z.infer<typeof promotion>): PromoteOption {
  // The service takes its own words in any case.
  const isSwitchover = asked.promoteMode.toLowerCase() === 'switchover'
  if (!isSwitchover || cluster.state(site).role !== 'AsyncReplica') throw invalidValue('PromoteMode')
  const option = asked.promoteOption.toLowerCase()
  if (option !== 'planned' && option !== 'forced') throw invalidValue('PromoteOption')
  return option
}

// ---- Whether it can be done -------------------------------------------------------------------------------------------

const POWER_MS = 300

function requirePower(place: Place, switches: Switches, action: 'start' | 'stop'): void {
  if (switches.isBusy) throw serverIsBusy(place)
  if (action === 'stop' && switches.isStopped) throw notStarted(place)
}

function requireAvailable(place: Place, switches: Switches): void {
  if (switches.isBusy) throw serverIsBusy(place)
  if (switches.isStopped) throw notStarted(place)
}

const notStarted = ({ server }: Place) =>
  new ArmError(
    400,
    'ServerIsNotReady',
    `Restart or Stop Server can only be performed on Started servers. Server Name = ${server}, Current Server State = Stopped`,
  )

function requireStandby({ site, place }: Addressed, cluster: Cluster, switches: Switches): void {
  if (!switches.isHighlyAvailable || cluster.state(site).highAvailability === 'NotEnabled')
    throw new ArmError(400, 'HANotEnabled', `High availability is not enabled on server '${place.server}'.`)
  if (switches.isStandbyMissing)
    throw new ArmError(
      409,
      'HighAvailabilityNotHealthy',
      `Server '${place.server}' has no standby that could take over.`,
    )
}

function outcomeOf(switches: Switches, act: () => Promise<unknown>): Promise<unknown> {
  if (switches.events === 'lost') return never()
  const done = act()
  if (switches.events === 'real') return done
  switches.isStandbyMissing = true
  return done.then(never)
}

const never = (): Promise<never> => new Promise(() => {})

const REFUSAL_STATUS: Readonly<Record<PlatformRefused['code'], number>> = {
  ServerIsNotReady: 409,
  ServerIsBusy: 409,
  HighAvailabilityNotHealthy: 409,
  HANotEnabled: 400,
  InvalidParameterValue: 400,
}

function orRefusal(place: Place, act: () => Promise<unknown>): Promise<unknown> {
  try {
    return act()
  } catch (cause) {
    if (!(cause instanceof PlatformRefused)) throw cause
    if (cause.code === 'ServerIsBusy') throw serverIsBusy(place)
    throw new ArmError(REFUSAL_STATUS[cause.code], cause.code, cause.message)
  }
}
