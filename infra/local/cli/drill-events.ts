/** The option `--event` of `npm run drill`: KIND, its details, and its second, as the request's `events` have them. */
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

const FORM = /^([a-z]+)((?::[A-Za-z0-9_]+)*)@(\d+(?:\.\d+)?)$/

export const EVENT_HELP = 'KIND[:DETAIL]@SECONDS'

/** What may stand behind a kind, and the fields that it means. Null: it may not. */
const DETAILS: { readonly [Kind in PlannedKind]: (details: readonly string[]) => Record<string, unknown> | null } = {
  failover: ([mode = 'forced', ...rest]) => (rest.length === 0 && isOneOf(FAILOVER_MODES, mode) ? { mode } : null),
  restart: (details) => (details.length === 0 ? {} : null),
  scale: ([sku, ...rest]) => (sku !== undefined && rest.length === 0 ? { sku } : null),
  switchover: ([mode = 'planned', home, ...rest]) =>
    isOneOf(PROMOTE_OPTIONS, mode) && (home === undefined || home === 'home') && rest.length === 0
      ? { mode, replica: LOCAL_REPLICA, returnHome: home !== undefined }
      : null,
  external: (details) => (details.length === 0 ? {} : null),
}

const EXPECTED = [
  `failover[:${FAILOVER_MODES.join('|')}]@SECONDS`,
  'restart@SECONDS',
  'scale:SKU@SECONDS',
  'switchover[:planned|forced[:home]]@SECONDS',
  'external@SECONDS',
].join(', ')

const isOneOf = <T extends string>(words: readonly T[], word: string): word is T =>
  (words as readonly string[]).includes(word)

function eventOf(text: string): EventFields | null {
  const [, kind = '', details = '', at = ''] = FORM.exec(text) ?? []
  if (!isOneOf(PLANNED_KINDS, kind)) return null
  const fields = DETAILS[kind](details.split(':').filter((detail) => detail !== ''))
  return fields === null ? null : { atSeconds: Number(at), kind, ...fields }
}

export const eventsSchema = z.array(
  z.string().transform((text, context) => {
    const event = eventOf(text)
    if (event !== null) return event
    context.issues.push({ code: 'custom', message: `one of ${EXPECTED}`, input: text })
    return z.NEVER
  }),
)

export const needsReplica = (events: readonly EventFields[]): boolean =>
  events.some(({ kind }) => kind === 'switchover')
