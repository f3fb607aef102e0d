/** From the fields of the start form to the body of POST /api/drills. What was left empty is left out. */

type Request = Record<string, unknown>

export function requestOf(form: FormData): Request {
  const request: Request = {}
  for (const [name, value] of form)
    if (typeof value === 'string' && value.trim() !== '' && !FIELDS_OF_LISTS.has(name))
      put(request, name, parsed(name, value.trim()))
  const force = form.getAll('force')
  const events = eventsOf(form)
  return { ...request, ...(force.length > 0 ? { force } : {}), ...(events === null ? {} : { events }) }
}

const FIELDS_OF_LISTS = new Set(['events', 'eventAt', 'force'])
const TEXT_FIELDS = /^(?:target\.|note$)/

function parsed(name: string, text: string): unknown {
  if (name === 'criteria')
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
  return TEXT_FIELDS.test(name) ? text : Number(text)
}

function put(request: Request, name: string, value: unknown): void {
  const [group = name, inner] = name.split('.')
  if (inner === undefined) request[group] = value
  else request[group] = { ...(request[group] as Request | undefined), [inner]: value }
}

/** Null lets the app choose: one forced failover at its own time. */
function eventsOf(form: FormData): unknown[] | null {
  const choice = String(form.get('events') ?? 'forced')
  const at = String(form.get('eventAt') ?? '').trim()
  if (choice === 'none') return []
  if (at !== '') return [{ atSeconds: Number(at), ...kindOf(choice) }]
  if (choice === 'forced') return null
  const duration = Number(form.get('durationSeconds') || DEFAULT_DURATION_SECONDS)
  return [{ atSeconds: Math.min(120, Math.floor(duration * 0.4)), ...kindOf(choice) }]
}

/** A mode of a failover, or a kind without further fields. */
const kindOf = (choice: string): object =>
  choice === 'restart' || choice === 'external' ? { kind: choice } : { kind: 'failover', mode: choice }

const DEFAULT_DURATION_SECONDS = 300
