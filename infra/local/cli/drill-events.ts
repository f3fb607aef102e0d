/** The option `--event`: KIND, its details and its second, or JSON; it becomes an element of the request's `events`. */
import * as z from 'zod'
import {
  FAILOVER_MODES,
  PLANNED_KINDS,
  type PlannedKind,
  PROMOTE_OPTIONS,
} from '../../../functions/model/planned-event.ts'
import { LOCAL_REPLICA } from '../azure/arm/arm.ts'

/** As the request has it; its schema judges the fields. */
type EventFields = Readonly<Record<string, unknown>> & { readonly kind: PlannedKind; readonly atSeconds: number }

const FORM = /^([a-z]+)((?::[A-Za-z0-9_-]+)*)@(\d+(?:\.\d+)?)$/

export const EVENT_HELP = 'KIND[:DETAIL]@SECONDS'

/** What may stand behind a kind, and the fields that it means. Null: it may not. */
const DETAILS: { readonly [Kind in PlannedKind]: (details: readonly string[]) => Record<string, unknown> | null } = {
  failover: ([mode = 'forced', ...rest]) => (rest.length === 0 && isOneOf(FAILOVER_MODES, mode) ? { mode } : null),
  restart: (details) => (details.length === 0 ? {} : null),
  scale: ([sku, ...rest]) => (sku !== undefined && rest.length === 0 ? { sku } : null),
  switchover: ([mode = 'planned', ...rest]) => {
    const isHome = rest.at(-1) === 'home'
    const [replica, ...more] = isHome ? rest.slice(0, -1) : rest
    if (!isOneOf(PROMOTE_OPTIONS, mode) || more.length > 0) return null
    return { mode, ...(replica !== undefined && { replica }), returnHome: isHome }
  },
  external: (details) => (details.length === 0 ? {} : null),
}

const EXPECTED = [
  `failover[:${FAILOVER_MODES.join('|')}]@SECONDS`,
  'restart@SECONDS',
  'scale:SKU@SECONDS',
  'switchover[:planned|forced[:REPLICA][:home]]@SECONDS',
  'external@SECONDS',
  'JSON',
].join(', ')

const isOneOf = <T extends string>(words: readonly T[], word: string): word is T =>
  (words as readonly string[]).includes(word)

function eventOf(text: string): EventFields | null {
  if (text.startsWith('{')) return eventOfJson(text)
  const [, kind = '', details = '', at = ''] = FORM.exec(text) ?? []
  if (!isOneOf(PLANNED_KINDS, kind)) return null
  const fields = DETAILS[kind](details.split(':').filter((detail) => detail !== ''))
  return fields === null ? null : { atSeconds: Number(at), kind, ...fields }
}

function eventOfJson(text: string): EventFields | null {
  try {
    const { kind, atSeconds } = JSON.parse(text) as Partial<EventFields>
    return isOneOf(PLANNED_KINDS, String(kind)) && typeof atSeconds === 'number' ? JSON.parse(text) : null
  } catch {
    return null
  }
}

export const eventsSchema = z.array(
  z.string().transform((text, context) => {
    const event = eventOf(text)
    if (event !== null) return event
    context.issues.push({ code: 'custom', message: `one of ${EXPECTED}`, input: text })
    return z.NEVER
  }),
)

/** Of a request that is not judged yet. */
type Unread = { readonly kind?: unknown } | null

export const needsReplica = (events: readonly Unread[]): boolean => events.some((event) => event?.kind === 'switchover')

/** The stack has one replica, so that its name may be omitted. */
export const withReplicaHere = (events: readonly Unread[]): readonly Unread[] =>
  events.map((event) => (event?.kind === 'switchover' ? { replica: LOCAL_REPLICA, ...event } : event))
