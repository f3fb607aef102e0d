/** From the fields of the start form to the body of POST /api/drills or POST /api/campaigns. What was left empty is left out. */

export type Request = Record<string, unknown>

export function requestOf(form: FormData): Request {
  const request: Request = {}
  for (const [name, value] of form)
    if (typeof value === 'string' && value.trim() !== '' && !SKIPPED.has(name) && !EVENT_FIELD.test(name))
      put(request, name, parsed(name, value.trim()))
  const force = form.getAll('force')
  const events = eventsOf(form)
  return { ...request, ...(force.length > 0 ? { force } : {}), ...(events === null ? {} : { events }) }
}

/** With the fields that the form does not show; of an object its parts. */
export function withHidden(request: Request, hidden: Request): Request {
  const merged: Request = { ...hidden, ...request }
  for (const [name, value] of Object.entries(hidden))
    if (isObject(value) && isObject(request[name])) merged[name] = { ...value, ...(request[name] as Request) }
  return merged
}

export const isObject = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Null: the form asks for a single drill. */
export function campaignOf(form: FormData, hidden: Request = {}): Request | null {
  const given = (name: string): string => String(form.get(name) ?? '').trim()
  const drills = given('repeat')
  if (drills === '' || Number(drills) === 1) return null
  const gap = given('gapMinutes')
  const criteria = linesOf(given('campaignCriteria'))
  return {
    drills: Number(drills),
    ...(gap === '' ? {} : { gapMinutes: Number(gap) }),
    ...(criteria.length === 0 ? {} : { criteria }),
    request: withHidden(requestOf(form), hidden),
  }
}

/** The field of the form that a problem of a campaign is about. */
export function fieldOfCampaign(name: string): string {
  if (name === 'drills') return 'repeat'
  return name.startsWith('criteria') ? 'campaignCriteria' : name.replace(/^request\./, '')
}

/** Of a campaign, or read as a list of their own. */
const SKIPPED: ReadonlySet<string> = new Set(['force', 'repeat', 'gapMinutes', 'campaignCriteria'])

/** As the server names it in its problems. */
const EVENT_FIELD = /^events\[(\d+)\]\.(\w+)$/
const TEXT_FIELDS = /^(?:target(?:\.|$)|note$)/

function parsed(name: string, text: string): unknown {
  if (name === 'criteria') return linesOf(text)
  if (name === 'returnHome') return text === 'true'
  return TEXT_FIELDS.test(name) ? text : Number(text)
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

function put(request: Request, name: string, value: unknown): void {
  const [group = name, inner] = name.split('.')
  if (inner === undefined) request[group] = value
  else request[group] = { ...(request[group] as Request | undefined), [inner]: value }
}

/** Null lets the app choose: one forced failover at its own time. */
function eventsOf(form: FormData): unknown[] | null {
  const events: Request[] = []
  for (const [name, value] of form) {
    const [, index, field] = EVENT_FIELD.exec(name) ?? []
    if (index === undefined || field === undefined) continue
    const event = events[Number(index)] ?? {}
    events[Number(index)] = event
    if (typeof value === 'string' && value.trim() !== '') event[field] = eventValue(field, value.trim())
  }
  const [first] = events
  if (first === undefined || first.atSeconds !== undefined) return events
  if (events.length === 1 && first.kind === 'failover' && first.mode === 'forced') return null
  const duration = Number(form.get('durationSeconds') || DEFAULT_DURATION_SECONDS)
  return [{ atSeconds: Math.min(120, Math.floor(duration * 0.4)), ...first }, ...events.slice(1)]
}

function eventValue(field: string, text: string): unknown {
  if (field === 'atSeconds') return Number(text)
  return field === 'returnHome' ? text === 'true' : text
}

const DEFAULT_DURATION_SECONDS = 300
