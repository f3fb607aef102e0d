/** The rows of the event editor: added and removed by the reader, numbered in their order, each showing the fields of its kind. */
import { find } from '../../page/page.ts'

/** A number in a name or an id of a row: `events[#].kind` in the template, `events[0].kind` in the first row. */
const ROW_NUMBER = /events\[(?:#|\d+)\]/g
const NUMBERED = ['id', 'name', 'for', 'aria-describedby', 'data-field'] as const

type Event = Readonly<Record<string, unknown>>

export interface EventRows {
  readonly add: () => HTMLElement | null
  /** In place of the rows that are there; null: the event of an empty request. */
  readonly show: (events: readonly Event[] | null) => void
}

/** Begins with one row, which is the event of an empty request. */
export function eventRows(form: HTMLFormElement): EventRows {
  const list = find(form, '.events', HTMLOListElement)
  const template = find(form, '#event-row', HTMLTemplateElement)
  const more = find(form, '#add-event', HTMLButtonElement)
  const most = Number(more.dataset.most)

  function numberRows(): void {
    for (const [index, row] of [...list.children].entries()) numberRow(row as HTMLElement, index)
    more.disabled = list.children.length >= most
  }

  function add(): HTMLElement | null {
    list.append(template.content.cloneNode(true))
    numberRows()
    const row = list.lastElementChild as HTMLElement | null
    if (row !== null) showFieldsOfKind(row)
    return row
  }

  list.addEventListener('change', ({ target }) => {
    const row = target instanceof HTMLSelectElement && target.dataset.chooses === 'kind' ? target.closest('li') : null
    if (row !== null) showFieldsOfKind(row)
  })
  list.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLButtonElement) || target.dataset.removes !== 'event') return
    target.closest('li')?.remove()
    numberRows()
    more.focus()
  })
  more.addEventListener('click', () => add()?.querySelector('select')?.focus())
  function show(events: readonly Event[] | null): void {
    list.replaceChildren()
    for (const event of events ?? [{}]) {
      const row = add()
      if (row !== null) fill(row, event)
    }
    numberRows()
  }

  add()
  return { add, show }
}

function fill(row: HTMLElement, event: Event): void {
  if (typeof event.kind === 'string') find(row, '[data-chooses=kind]', HTMLSelectElement).value = event.kind
  showFieldsOfKind(row)
  for (const [name, value] of Object.entries(event)) {
    const field = row.querySelector<HTMLInputElement | HTMLSelectElement>(
      `:is(input, select)[name$=".${CSS.escape(name)}"]:not(:disabled)`,
    )
    if (field !== null && name !== 'kind') field.value = String(value)
  }
}

function numberRow(row: HTMLElement, index: number): void {
  for (const element of row.querySelectorAll<HTMLElement>('*'))
    for (const name of NUMBERED) {
      const value = element.getAttribute(name)
      if (value !== null) element.setAttribute(name, value.replace(ROW_NUMBER, `events[${index}]`))
    }
  row.setAttribute('aria-label', `Event ${index + 1}`)
  // The app knows a good time for the first event, and none for a later one.
  find(row, '[name$=".atSeconds"]', HTMLInputElement).required = index > 0
}

function showFieldsOfKind(row: HTMLElement): void {
  const kind = find(row, '[data-chooses=kind]', HTMLSelectElement).value
  for (const region of row.querySelectorAll<HTMLElement>('[data-kind]')) {
    region.hidden = region.dataset.kind !== kind
    region.querySelector('input, select')?.toggleAttribute('disabled', region.hidden)
  }
}
