/** Puts a request into the start form. What the form does not show is kept beside it, and sent along. */
import { isObject, type Request } from '../../page/drill-request.ts'
import { find } from '../../page/page.ts'
import type { EventRows } from './event-rows.ts'

type Body = Readonly<Record<string, unknown>>

export interface FilledForm {
  fill(request: Body): void
  /** Checks these boxes. */
  override(ids: readonly string[]): void
  /** Fields of the request that the form does not show. */
  hidden(): Request
}

export function fillForm(form: HTMLFormElement, rows: EventRows): FilledForm {
  let hidden: Request = {}
  return {
    fill(request) {
      form.reset()
      hidden = {}
      rows.show(Array.isArray(request.events) ? (request.events as Body[]) : null)
      for (const [name, value] of Object.entries(request)) if (name !== 'events') put(name, value)
    },
    override: (ids) => check(form, ids),
    hidden: () => hidden,
  }

  function put(name: string, value: unknown): void {
    if (name === 'force' && Array.isArray(value)) check(form, value.map(String))
    else if (isObject(value)) {
      const rest = Object.fromEntries(
        Object.entries(value).filter(([part, inner]) => !set(form, `${name}.${part}`, inner)),
      )
      if (Object.keys(rest).length > 0) hidden[name] = rest
    } else if (!set(form, name, Array.isArray(value) && name === 'criteria' ? value.join('\n') : value))
      hidden[name] = value
  }
}

/** False: the form has no such field. */
function set(form: HTMLFormElement, name: string, value: unknown): boolean {
  const field = form.elements.namedItem(name)
  const isField =
    field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement
  if (!isField || typeof value === 'object') return false
  const hasChoice =
    !(field instanceof HTMLSelectElement) || [...field.options].some((one) => one.value === String(value))
  if (!hasChoice && value !== false) return false
  field.value = value === false ? '' : String(value)
  const folded = field.closest('details')
  if (folded !== null) folded.open = true
  return true
}

function check(form: HTMLFormElement, ids: readonly string[]): void {
  for (const id of ids) {
    const box = find(form, `input[name=force][value="${CSS.escape(id)}"]`, HTMLInputElement)
    box.checked = true
    const folded = box.closest('details')
    if (folded !== null) folded.open = true
  }
}
