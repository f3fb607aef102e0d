/** Whether a release may restart the app now: it ends a drill that runs. */

/** What was seen of the deployed app. */
export type AppSeen =
  | { readonly kind: 'no app' }
  /** The app exists, and no code was deployed to it yet. */
  | { readonly kind: 'no code' }
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'silent'; readonly why: string }

export interface Decision {
  readonly may: boolean
  /** Why not; empty when it may. */
  readonly why: string
}

const GO: Decision = { may: true, why: '' }
const FORCE = 'With --force the release goes on'

interface ListedDrill {
  readonly drillId: string
  readonly state: string
}

export function mayRelease(seen: AppSeen, apiUrl: string): Decision {
  if (seen.kind === 'no app' || seen.kind === 'no code') return GO
  if (seen.kind === 'silent') return notKnown(seen.why)
  if (seen.status !== 200) return notKnown(`it answers HTTP ${seen.status}`)
  const drills = drillsIn(seen.body)
  if (drills === null) return notKnown('its list of drills has an unexpected form')
  const running = drills.filter(({ state }) => state === 'running' || state === 'waiting')
  if (running.length === 0) return GO
  const links = running.map(({ drillId }) => `${apiUrl}/drills/${drillId}`)
  return {
    may: false,
    why: `a drill runs, and a release would end it: ${links.join(', ')}. ${FORCE}, and the drill ends`,
  }
}

/** Null: it is no list of drills. */
function drillsIn(body: unknown): ListedDrill[] | null {
  const drills = (body as { drills?: unknown } | null)?.drills
  if (!Array.isArray(drills)) return null
  return drills.every((drill) => typeof drill?.drillId === 'string' && typeof drill?.state === 'string')
    ? (drills as ListedDrill[])
    : null
}

const notKnown = (why: string): Decision => ({
  may: false,
  why: `whether a drill runs is not known: ${why}. When you know that none does, add --force`,
})
