/** The functions of an app sorted by what triggers them, and a clear answer for those that this host cannot run. */

import type { RegisteredFunction, Registrations } from '../worker/core-module.ts'
import type { Binding } from '../worker/core-types.ts'
import { triggerName } from '../worker/invocation.ts'
import type { AuthLevel } from './keys.ts'
import { byPrecedence, parseRoute, type Route } from './route.ts'

export interface HttpFunction {
  readonly name: string
  readonly route: Route
  readonly methods: ReadonlySet<string>
  readonly level: AuthLevel
  readonly registered: RegisteredFunction
}

export interface TimerFunction {
  readonly name: string
  /** NCRONTAB, or `%SETTING%`. */
  readonly schedule: string
  readonly runOnStartup: boolean
  readonly useMonitor: boolean
  readonly registered: RegisteredFunction
}

export interface AppFunctions {
  /** In the order in which they are asked whether a request is theirs. */
  readonly http: readonly HttpFunction[]
  readonly timers: readonly TimerFunction[]
  readonly orchestrators: ReadonlyMap<string, RegisteredFunction>
  readonly activities: ReadonlyMap<string, RegisteredFunction>
}

const LEVELS: ReadonlySet<string> = new Set(['anonymous', 'function', 'admin'])
const RESERVED = ['admin', 'runtime']

export function sortFunctions({ functions }: Registrations, routePrefix: string): AppFunctions {
  const byTrigger = Map.groupBy(functions.values(), (registered) => triggerOf(registered).type.toLowerCase())
  const named = (type: string) => new Map(take(byTrigger, type).map((one) => [one.metadata.name, one]))
  const sorted: AppFunctions = {
    http: take(byTrigger, 'httptrigger')
      .map((one) => httpFunction(one, routePrefix))
      .sort((a, b) => byPrecedence(a.route, b.route)),
    timers: take(byTrigger, 'timertrigger').map(timerFunction),
    orchestrators: named('orchestrationtrigger'),
    activities: named('activitytrigger'),
  }
  for (const [type, left] of byTrigger) throw unknownTrigger(type, left)
  return sorted
}

function take(byTrigger: Map<string, RegisteredFunction[]>, type: string): RegisteredFunction[] {
  const found = byTrigger.get(type) ?? []
  byTrigger.delete(type)
  return found
}

const triggerOf = ({ metadata }: RegisteredFunction): Binding =>
  metadata.bindings[triggerName(metadata.bindings)] as Binding

function unknownTrigger(type: string, functions: readonly RegisteredFunction[]): Error {
  const names = functions.map(({ metadata }) => metadata.name).join(', ')
  return new Error(
    `the local Functions host cannot run a ${type} (function ${names}); ` +
      'it knows httpTrigger, timerTrigger, orchestrationTrigger and activityTrigger',
  )
}

function httpFunction(registered: RegisteredFunction, routePrefix: string): HttpFunction {
  const { name } = registered.metadata
  const {
    route = name,
    methods = ['GET', 'POST'],
    authLevel = 'anonymous',
  } = triggerOf(registered) as {
    route?: string
    methods?: readonly string[]
    authLevel?: string
  }
  const level = authLevel.toLowerCase()
  if (!LEVELS.has(level)) throw new Error(`function ${name} has the unknown authLevel "${authLevel}"`)
  const template = [routePrefix, route].filter((part) => part !== '').join('/')
  if (RESERVED.some((word) => template.toLowerCase().split('/')[0] === word))
    throw new Error(`the route "${template}" of function ${name} conflicts with the routes of the host itself`)
  return {
    name,
    route: parseRoute(template),
    methods: new Set(methods.map((method) => method.toUpperCase())),
    level: level as AuthLevel,
    registered,
  }
}

function timerFunction(registered: RegisteredFunction): TimerFunction {
  const {
    schedule = '',
    runOnStartup = false,
    useMonitor = true,
  } = triggerOf(registered) as {
    schedule?: string
    runOnStartup?: boolean
    useMonitor?: boolean
  }
  return { name: registered.metadata.name, schedule, runOnStartup, useMonitor, registered }
}
