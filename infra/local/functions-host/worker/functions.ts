/** The functions of an app, sorted by what triggers them. A function that this host cannot run is an error. */
import type { HTTPMethods } from 'fastify'
import type { RegisteredFunction, Registrations } from './core-module.ts'
import type { Binding } from './core-types.ts'

export interface HttpFunction {
  readonly name: string
  /** Azure's template, with the prefix of host.json. */
  readonly route: string
  readonly methods: readonly HTTPMethods[]
  readonly needsKey: boolean
  readonly registered: RegisteredFunction
}

export interface TimerFunction {
  readonly name: string
  /** NCRONTAB. */
  readonly schedule: string
  readonly registered: RegisteredFunction
}

export interface AppFunctions {
  readonly http: readonly HttpFunction[]
  readonly timers: readonly TimerFunction[]
  readonly orchestrators: ReadonlyMap<string, RegisteredFunction>
  readonly activities: ReadonlyMap<string, RegisteredFunction>
}

const KNOWN = ['httpTrigger', 'timerTrigger', 'orchestrationTrigger', 'activityTrigger'] as const

export function sortFunctions({ functions }: Registrations, routePrefix: string): AppFunctions {
  const byTrigger = Map.groupBy(functions.values(), (registered) => triggerOf(registered).type)
  for (const [type, left] of byTrigger)
    if (!KNOWN.some((known) => known === type))
      throw new Error(
        `the local Functions host cannot run a ${type} (function ${left.map(nameOf).join(', ')}); it knows ${KNOWN.join(', ')}`,
      )
  const of = (type: (typeof KNOWN)[number]) => byTrigger.get(type) ?? []
  const named = (found: readonly RegisteredFunction[]) => new Map(found.map((one) => [nameOf(one), one]))
  return {
    http: of('httpTrigger').map((one) => httpFunction(one, routePrefix)),
    timers: of('timerTrigger').map(timerFunction),
    orchestrators: named(of('orchestrationTrigger')),
    activities: named(of('activityTrigger')),
  }
}

export function triggerName({ metadata }: RegisteredFunction): string {
  const found = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type))
  if (found === undefined) throw new Error(`function ${metadata.name} has no trigger`)
  return found[0]
}

const nameOf = ({ metadata }: RegisteredFunction): string => metadata.name
const triggerOf = (registered: RegisteredFunction): Binding =>
  registered.metadata.bindings[triggerName(registered)] as Binding

interface HttpOptions {
  readonly route?: string
  readonly methods?: readonly string[]
  readonly authLevel?: string
}

function httpFunction(registered: RegisteredFunction, routePrefix: string): HttpFunction {
  const name = nameOf(registered)
  const { route = name, methods = ['GET', 'POST'], authLevel = 'anonymous' } = triggerOf(registered) as HttpOptions
  if (authLevel !== 'anonymous' && authLevel !== 'function')
    throw new Error(`function ${name} has the authLevel "${authLevel}"; this host knows "anonymous" and "function"`)
  return {
    name,
    route: [routePrefix, route].filter((part) => part !== '').join('/'),
    methods: methods.map((method) => method.toUpperCase() as HTTPMethods),
    needsKey: authLevel === 'function',
    registered,
  }
}

const timerFunction = (registered: RegisteredFunction): TimerFunction => ({
  name: nameOf(registered),
  schedule: String(triggerOf(registered).schedule),
  registered,
})
