/** What the host answers on its port: the app's functions, the Durable webhook, and the host's own admin routes. */

import { type Answer, type Asked, empty, json, keyOf } from './exchange.ts'
import type { AppFunctions, HttpFunction } from './functions.ts'
import { type Keys, opensAdmin, opensFunction, opensManagement } from './keys.ts'
import { matchRoute, type RouteValues } from './route.ts'
import type { Runner } from './runner.ts'

export const WEBHOOK = '/runtime/webhooks/durabletask'

export interface SiteOptions {
  readonly keys: Keys
  readonly functions: AppFunctions
  readonly runner: Runner
  /** The Durable management API; `path` is what follows its address. */
  readonly manage: (path: string, asked: Asked) => Promise<Answer>
  /** Fires a timer function in the background; false when there is none of that name. */
  readonly fireTimer: (name: string) => boolean
  readonly startedAtMs: number
}

export class Site {
  readonly #options: SiteOptions

  constructor(options: SiteOptions) {
    this.#options = options
  }

  async answer(asked: Asked): Promise<Answer> {
    const { pathname } = asked.url
    if (startsWithPath(pathname, WEBHOOK)) return this.#webhook(asked, pathname.slice(WEBHOOK.length))
    if (startsWithPath(pathname, '/admin')) return this.#admin(asked, pathname.split('/').slice(2))
    if (pathname === '/')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'The function app is running.' }
    return this.#function(asked)
  }

  async #webhook(asked: Asked, path: string): Promise<Answer> {
    const { keys, manage } = this.#options
    return opensManagement(keys, keyOf(asked)) ? manage(path, asked) : empty(401)
  }

  async #function(asked: Asked): Promise<Answer> {
    const { keys, runner } = this.#options
    const found = this.#find(asked)
    if (found === undefined) return empty(404)
    const [called, values] = found
    if (!opensFunction(keys, called.level, called.name, keyOf(asked))) return empty(401)
    // The failure is in the log; a caller learns nothing of it, as in Azure.
    return runner.callHttp(called, asked, values).catch(() => empty(500))
  }

  #find({ url, method }: Asked): [HttpFunction, RouteValues] | undefined {
    for (const candidate of this.#options.functions.http) {
      if (!candidate.methods.has(method)) continue
      const values = matchRoute(candidate.route, url.pathname.slice(1))
      if (values !== undefined) return [candidate, values]
    }
    return undefined
  }

  #admin(asked: Asked, [area = '', name, ...rest]: readonly string[]): Answer {
    if (area === 'host' && name === 'ping') return empty(200)
    if (!opensAdmin(this.#options.keys, keyOf(asked))) return empty(401)
    if (area === 'host' && name === 'status' && asked.method === 'GET') return this.#status()
    if (area !== 'functions' || rest.length > 0) return empty(404)
    if (name === undefined)
      return json(
        200,
        this.#names().map((known) => ({ name: known })),
      )
    return asked.method === 'POST' ? this.#fire(decodeURIComponent(name)) : empty(404)
  }

  #status(): Answer {
    const processUptime = Math.round(performance.now() - this.#options.startedAtMs)
    return json(200, { id: 'local', state: 'Running', version: 'local', versionDetails: 'local', processUptime })
  }

  #fire(name: string): Answer {
    if (this.#options.fireTimer(name)) return empty(202)
    const known = this.#names().includes(name)
    return known
      ? json(400, { Message: `${name} is not a timer function; only those can be fired by hand here` })
      : empty(404)
  }

  #names(): string[] {
    const { http, timers, orchestrators, activities } = this.#options.functions
    const triggered = [...http, ...timers].map((one) => one.name)
    return [...triggered, ...orchestrators.keys(), ...activities.keys()]
  }
}

const startsWithPath = (path: string, start: string): boolean => path === start || path.startsWith(`${start}/`)
