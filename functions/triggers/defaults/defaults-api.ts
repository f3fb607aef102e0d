/**
 * `GET /api/defaults`: what the app would run, and what would stop it now. It only reads: neither the database nor the storage gets a row
 * to try them by. A server that does not answer in time leaves the checks unjudged, and says so.
 */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import { gatherFacts } from '../../activities/facts/gather.ts'
import type { Clients } from '../../clients/clients.ts'
import { readLock } from '../../clients/storage/server-lock.ts'
import type { Facts } from '../../model/facts.ts'
import { type Look, offerOf, planOf, requestFor } from '../../request/offer.ts'
import { type Pace, presetsOf } from '../../request/presets.ts'
import type { RequestDefaults } from '../../request/request.ts'
import type { TargetDefaults } from '../../request/targets.ts'
import { problemsOfNames } from '../asked.ts'
import { badQuery, badRequest, json, problem } from '../responses.ts'

interface Settings {
  readonly defaults: RequestDefaults
  readonly pace: Pace
  /** Longer than a server that answers needs, and short enough for a page that waits. */
  readonly limitMs?: number
}

const LIMIT_MS = 12_000

export const defaultsApi = (clients: Clients, { defaults, pace, limitMs = LIMIT_MS }: Settings) => ({
  /** `?target=NAME`: of that server; without it of the first one. */
  async read({ query }: HttpRequest): Promise<HttpResponseInit> {
    const unknown = problemsOfNames(query, ['target'])
    if (unknown.length > 0) return problem(badRequest(unknown))
    const { targets } = defaults
    const name = query.get('target')
    const of = name === null ? targets[0] : targets.find((one) => one.name === name)
    if (of === undefined) return badQuery('target', name, `one of ${targets.map((target) => target.name).join(', ')}`)
    return json(200, offerOf(of, defaults, pace, await look(clients, of, { defaults, pace, limitMs })))
  },
})

/** The presets go the same way in, so the facts of one serve all. */
async function look(
  clients: Clients,
  of: TargetDefaults,
  { defaults, pace, limitMs }: Required<Settings>,
): Promise<Look> {
  const at = clients.clock.now().toISOString()
  const plan = planOf(requestFor(of, defaults, presetsOf(pace)[0]?.request ?? {}), defaults, at)
  const [lock, seen] = await Promise.all([
    readLock(clients.blobs, of.target).catch(() => null),
    plan === null
      ? { facts: null, why: 'the settings of the app allow none of the presets' }
      : within(limitMs, gatherFacts(clients, plan, { mayWrite: false, rowsRetentionDays: null })),
  ])
  return { at, ...seen, runningDrill: lock?.state === 'held' ? lock.drillId : null }
}

async function within(limitMs: number, gathering: Promise<Facts>): Promise<Pick<Look, 'facts' | 'why'>> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Pick<Look, 'facts' | 'why'>>((resolve) => {
    timer = setTimeout(
      () => resolve({ facts: null, why: `the server did not answer within ${limitMs / 1000} s` }),
      limitMs,
    )
  })
  const seen = gathering.then(
    (facts) => ({ facts, why: '' }),
    (error: unknown) => ({ facts: null, why: errorText(error) }),
  )
  return Promise.race([seen, late]).finally(() => clearTimeout(timer))
}
