/** The start form. The page checks each field; the server checks again, and its problems appear beside the same fields. */

import { html } from '../../../../render/text/markup.ts'
import type { Problem } from '../../../../request/request.ts'
import { type Answer, startCampaign, startDrill } from '../../page/api.ts'
import { campaignOf, fieldOfCampaign, type Request, requestOf, withHidden } from '../../page/drill-request.ts'
import { find, show } from '../../page/page.ts'
import type { View } from '../../page/shell.ts'
import { eventRows } from './event-rows.ts'
import { fillForm, offerStart } from './offer.ts'

/** A drill that is run again. */
interface Again {
  readonly id: string
  /** With the checks that stopped it overridden. */
  readonly isOverriding: boolean
}

export const startView =
  (again: Again | null = null): View =>
  (root, shell) => {
    root.replaceChildren(find(document, '#start-form', HTMLTemplateElement).content.cloneNode(true))
    const form = find(root, '#start', HTMLFormElement)
    const button = find(form, 'button[type=submit]', HTMLButtonElement)
    const rows = eventRows(form)
    const filled = fillForm(form, rows)
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
      const region = isControl(target) && target.validity.valid ? target.closest('[data-field]') : null
      if (region !== null) clearProblem(region)
    })

    async function send(): Promise<void> {
      const answer = await started(form, filled.hidden())
      if (answer.kind === 'locked') return shell.askForAccess()
      if (answer.kind === 'ok') {
        location.hash = answer.value
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

    button.focus({ preventScroll: true })
    const stop = offerStart(form, shell, filled, again)
    return () => {
      stop()
      root.replaceChildren()
    }
  }

/** The address of what was started. */
async function started(form: HTMLFormElement, hidden: Request): Promise<Answer<string>> {
  const data = new FormData(form)
  const campaign = campaignOf(data, hidden)
  if (campaign === null) {
    const answer = await startDrill(withHidden(requestOf(data), hidden))
    return answer.kind === 'ok' ? { kind: 'ok', value: `#/drills/${encodeURIComponent(answer.value.drillId)}` } : answer
  }
  const answer = await startCampaign(campaign)
  if (answer.kind === 'ok') return { kind: 'ok', value: `#/campaigns/${encodeURIComponent(answer.value.campaignId)}` }
  if (answer.kind !== 'refused') return answer
  const { refusal } = answer
  const problems = refusal.problems.map((problem) => ({ ...problem, field: fieldOfCampaign(problem.field) }))
  return { ...answer, refusal: { ...refusal, problems } }
}

const isControl = (target: EventTarget | null): target is HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement =>
  target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement

function problemsInForm(form: HTMLFormElement): Problem[] {
  const inputs = [...form.elements].filter((element) => element instanceof HTMLInputElement)
  return inputs
    .filter(({ disabled, validity }) => !disabled && !validity.valid)
    .map((input) => ({
      field: input.name,
      problem: problemOf(input),
      expected: expectedBy(input),
    }))
}

function problemOf({ validity, value }: HTMLInputElement): string {
  if (validity.badInput) return 'this is not a number'
  return validity.valueMissing ? 'this is empty' : `got ${value}`
}

const expectedBy = (input: HTMLInputElement): string =>
  input.type === 'number'
    ? `a ${input.step === '1' ? 'whole ' : ''}number from ${input.min} to ${input.max}`
    : (input.closest('.field')?.querySelector('.hint')?.textContent ?? 'another value')

/** The server names places such as criteria[1]; the form has one field for all of them. */
const fieldOf = (name: string): string => /^(criteria|force|campaignCriteria)\[/.exec(name)?.[1] ?? name

/** Returns the problems that have no field in the form. */
function showProblems(form: HTMLFormElement, problems: readonly Problem[]): readonly Problem[] {
  showSummary(form, null)
  for (const region of form.querySelectorAll('[data-field]')) clearProblem(region)
  const elsewhere = problems.filter((problem) => !showProblem(form, problem))
  const first = form.querySelector<HTMLElement>('[aria-invalid=true]')
  if (first) first.focus()
  else form.querySelector('.problem:not([hidden])')?.scrollIntoView({ block: 'nearest' })
  return elsewhere
}

function showProblem(form: HTMLFormElement, { field, problem, expected }: Problem): boolean {
  const region = fieldRegion(form, fieldOf(field)) ?? fieldRegion(form, field.replace(/^events\[.*/, 'events'))
  const words = region?.querySelector<HTMLElement>('.problem')
  if (!region || !words) return false
  const said = `${problem}; expected ${expected}`
  words.textContent = words.hidden ? said : `${words.textContent} ${said}`
  words.hidden = false
  region.querySelector('input, select, textarea')?.setAttribute('aria-invalid', 'true')
  const closed = region.closest('details')
  if (closed) closed.open = true
  return true
}

function clearProblem(region: Element): void {
  const words = region.querySelector<HTMLElement>('.problem')
  if (words) words.hidden = true
  region.querySelector('[aria-invalid]')?.removeAttribute('aria-invalid')
}

/** Kinds of events have fields of one name: that of the chosen kind is shown. */
const fieldRegion = (form: HTMLFormElement, name: string): HTMLElement | null =>
  form.querySelector(`[data-field="${CSS.escape(name)}"]:not([hidden])`)

function showSummary(form: HTMLFormElement, words: ReturnType<typeof html> | null): void {
  const region = find(form, '.problems', HTMLElement)
  region.hidden = words === null
  show(region, words ?? html``)
  if (words) region.scrollIntoView({ block: 'nearest' })
}
