/** The start form. The page checks each field; the server checks again, and its problems appear beside the same fields. */

import { html } from '../../../render/text/markup.ts'
import type { Problem } from '../../../request/request.ts'
import { startDrill } from '../page/api.ts'
import { requestOf } from '../page/drill-request.ts'
import { find, show } from '../page/page.ts'
import type { View } from '../page/shell.ts'

export const startView: View = (root, shell) => {
  root.replaceChildren(find(document, '#start-form', HTMLTemplateElement).content.cloneNode(true))
  const form = find(root, '#start', HTMLFormElement)
  const button = find(form, 'button[type=submit]', HTMLButtonElement)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const wrong = problemsInForm(form)
    showProblems(form, wrong)
    if (wrong.length > 0) return
    button.disabled = true
    await send()
    button.disabled = false
  })
  form.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.validity.valid) clearProblem(form, target.name)
    showEventTime(form)
  })

  async function send(): Promise<void> {
    const answer = await startDrill(requestOf(new FormData(form)))
    if (answer.kind === 'locked') return shell.askForAccess()
    if (answer.kind === 'ok') {
      location.hash = `#/drills/${encodeURIComponent(answer.value.drillId)}`
      return
    }
    if (answer.kind === 'unreachable') {
      const words = html`The app did not answer (${answer.why}). Look at the <a href="#/">list</a> before trying again: the drill may have started.`
      return showSummary(form, words)
    }
    const { refusal } = answer
    const elsewhere = showProblems(form, refusal.problems)
    const running = refusal.instance?.split('/').at(-1)
    if (refusal.problems.length === 0 || elsewhere.length > 0)
      showSummary(
        form,
        html`<b>${refusal.title}.</b> ${refusal.problems.length === 0 && refusal.detail} ${running && html`<a href="#/drills/${running}">Open drill ${running}</a>`}${elsewhere.length > 0 && html`<ul>${elsewhere.map(({ field, problem, expected }) => html`<li><code>${field}</code>: ${problem}; expected ${expected}</li>`)}</ul>`}`,
      )
  }

  showEventTime(form)
  find(form, 'input', HTMLInputElement).focus({ preventScroll: true })
  return () => root.replaceChildren()
}

/** A load without an event has no time for one. */
function showEventTime(form: HTMLFormElement): void {
  const mode = find(form, '[name=events]', HTMLSelectElement).value
  find(form, '[name=eventAt]', HTMLInputElement).disabled = mode === 'none'
}

function problemsInForm(form: HTMLFormElement): Problem[] {
  const inputs = [...form.elements].filter((element) => element instanceof HTMLInputElement)
  return inputs
    .filter(({ disabled, validity }) => !disabled && !validity.valid)
    .map((input) => ({
      field: input.name,
      problem: input.validity.badInput ? 'this is not a number' : `got ${input.value}`,
      expected: expectedBy(input),
    }))
}

const expectedBy = (input: HTMLInputElement): string =>
  input.type === 'number'
    ? `a ${input.step === '1' ? 'whole ' : ''}number from ${input.min} to ${input.max}`
    : (input.closest('.field')?.querySelector('.hint')?.textContent ?? 'another value')

/** The server names places such as events[0].atSeconds; the form has one field for each. */
const FIELD_OF: ReadonlyArray<readonly [pattern: RegExp, field: string]> = [
  [/^events\[0\]\.atSeconds$/, 'eventAt'],
  [/^events/, 'events'],
  [/^criteria/, 'criteria'],
  [/^force/, 'force'],
]

const fieldOf = (name: string): string => FIELD_OF.find(([pattern]) => pattern.test(name))?.[1] ?? name

/** Returns the problems that have no field in the form. */
function showProblems(form: HTMLFormElement, problems: readonly Problem[]): readonly Problem[] {
  showSummary(form, null)
  for (const field of form.querySelectorAll<HTMLElement>('[data-field]')) clearProblem(form, field.dataset.field ?? '')
  const elsewhere = problems.filter((problem) => !showProblem(form, problem))
  form.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  return elsewhere
}

function showProblem(form: HTMLFormElement, { field, problem, expected }: Problem): boolean {
  const region = fieldRegion(form, fieldOf(field))
  const words = region?.querySelector<HTMLElement>('.problem')
  const control = region?.querySelector('input, select, textarea')
  if (!words || !control) return false
  const said = `${problem}; expected ${expected}`
  words.textContent = words.hidden ? said : `${words.textContent} ${said}`
  words.hidden = false
  control.setAttribute('aria-invalid', 'true')
  const closed = control.closest('details')
  if (closed) closed.open = true
  return true
}

function clearProblem(form: HTMLFormElement, name: string): void {
  const region = fieldRegion(form, name)
  const words = region?.querySelector<HTMLElement>('.problem')
  if (words) words.hidden = true
  region?.querySelector('[aria-invalid]')?.removeAttribute('aria-invalid')
}

const fieldRegion = (form: HTMLFormElement, name: string): Element | null =>
  form.querySelector(`[data-field="${CSS.escape(name)}"]`)

function showSummary(form: HTMLFormElement, words: ReturnType<typeof html> | null): void {
  const region = find(form, '.problems', HTMLElement)
  region.hidden = words === null
  show(region, words ?? html``)
  if (words) region.scrollIntoView({ block: 'nearest' })
}
