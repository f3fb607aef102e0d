/** The drills that are chosen for a comparison, on any page of the list: each is named, and can be taken back. */
import { MAX_COMPARED } from '../../../model/history/compared.ts'
import { html, type Markup } from '../../../render/text/markup.ts'
import { find, show } from '../page/page.ts'

export interface Choice {
  /** After the table was drawn again. */
  mark(): void
}

const MIN_COMPARED = 2

/** Of this tab: the list is drawn again on the way back from a drill or a comparison. */
const chosen = new Set<string>()

export const CHOSEN = html`<p class="filters chosen" id="chosen" role="status"></p>`

/** `root` holds the button that compares, `CHOSEN`, and the table with a check box a drill. */
export function choiceIn(root: HTMLElement, table: HTMLElement): Choice {
  const compare = find(root, '#compare', HTMLButtonElement)
  const names = find(root, '#chosen', HTMLElement)

  function draw(): void {
    compare.disabled = chosen.size < MIN_COMPARED || chosen.size > MAX_COMPARED
    show(names, chosenWords([...chosen]))
  }

  function mark(): void {
    for (const box of table.querySelectorAll<HTMLInputElement>('input[type=checkbox]'))
      box.checked = chosen.has(box.value)
  }

  table.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return
    if (target.checked) chosen.add(target.value)
    else chosen.delete(target.value)
    draw()
  })
  names.addEventListener('click', ({ target }) => {
    const id = target instanceof Element ? target.closest('button')?.value : undefined
    if (id === undefined) return
    if (id === ALL) chosen.clear()
    else chosen.delete(id)
    mark()
    draw()
    // The button that had the focus is gone.
    ;(names.querySelector('button') ?? compare).focus()
  })
  compare.addEventListener('click', () => {
    location.hash = compareAddress([...chosen])
  })
  draw()
  return { mark }
}

const ALL = ''

function chosenWords(ids: readonly string[]): Markup {
  if (ids.length === 0) return html``
  const limit = ids.length > MAX_COMPARED ? `: a comparison takes ${MAX_COMPARED} at most` : ''
  const each = ids.map((id) => html`<button type="button" value="${id}" aria-label="Take back ${id}">${id} ×</button> `)
  return html`<span>${String(ids.length)} chosen${limit}</span> ${each}<button type="button" value="${ALL}">Take back all</button>`
}

export const compareAddress = (ids: readonly string[]): string =>
  `#/compare?ids=${ids.map(encodeURIComponent).join(',')}`
