/** What the start form begins with: the request that fits this server, presets, and the checks that would stop it now. */
import { html, type Insert, type Markup } from '../../../../render/text/markup.ts'
import type { FailingCheck, Offer, OfferedPreset } from '../../../../request/offer.ts'
import { counted, duration } from '../../../../units/units.ts'
import { readDrill, readOffer } from '../../page/api.ts'
import { find, show } from '../../page/page.ts'
import type { Shell } from '../../page/shell.ts'
import type { FilledForm } from './fill.ts'

export { fillForm } from './fill.ts'

/** A drill that is run again. */
interface Again {
  readonly id: string
  readonly isOverriding: boolean
}

/** Fills the form, unless the reader was faster. Returns how to stop. */
export function offerStart(form: HTMLFormElement, shell: Shell, filled: FilledForm, again: Again | null): () => void {
  const presets = find(form, '#presets', HTMLElement)
  const words = find(form, '#offer', HTMLElement)
  let isGone = false
  let isTouched = false
  let offer: Offer | null = null
  const servers = targetChoice(form)
  form.addEventListener('input', ({ target }) => {
    if (target === servers.select) return
    isTouched = true
    for (const button of presets.querySelectorAll('[aria-pressed=true]')) button.setAttribute('aria-pressed', 'false')
  })

  function choose(preset: OfferedPreset): void {
    filled.fill(preset.request)
    for (const button of presets.querySelectorAll<HTMLButtonElement>('button'))
      button.setAttribute('aria-pressed', String(button.dataset.preset === preset.id))
    if (offer !== null)
      show(words, html`${running(offer)}${preset.failing.length === 0 ? judged(offer) : failing(preset)}`)
  }

  async function begin(): Promise<void> {
    if (again !== null) await fillFrom(again)
    else show(words, html`<p class="note">Looking at the server and what would stop a drill now ...</p>`)
    await look(wantedTarget(filled))
  }

  async function look(target: string | null): Promise<void> {
    const answer = await readOffer(target)
    // The reader may have chosen another server meanwhile.
    if (isGone || (servers.isShown() && target !== servers.select.value)) return
    if (answer.kind === 'locked') return shell.askForAccess()
    if (answer.kind !== 'ok') return again === null ? show(words, html``) : undefined
    offer = answer.value
    servers.offer(offer)
    show(presets, presetButtons(offer.presets))
    const [first] = offer.presets
    if (again !== null) return
    if (first !== undefined && !isTouched) choose(first)
    else show(words, html`${running(offer)}${judged(offer)}`)
  }

  servers.select.addEventListener('change', () => void look(servers.select.value))

  async function fillFrom({ id, isOverriding }: Again): Promise<void> {
    const answer = await readDrill(id)
    if (isGone) return
    if (answer.kind !== 'ok' || answer.value.request === null)
      return show(words, html`<p class="problems">The request of drill ${id} could not be read.</p>`)
    const { request, stoppedBy } = answer.value
    const checks = isOverriding ? (stoppedBy?.checks ?? []) : []
    const force = [...new Set([...((request.force as string[] | undefined) ?? []), ...checks])]
    filled.fill({ ...request, ...(force.length > 0 && { force }) })
    show(
      words,
      html`<p class="panel calm">As drill <a href="#/drills/${encodeURIComponent(id)}">${id}</a>${checks.length > 0 && `, with these checks overridden: ${checks.join(', ')}. The report records it`}.</p>`,
    )
  }

  presets.addEventListener('click', ({ target }) => {
    const id = target instanceof Element ? target.closest('button')?.dataset.preset : undefined
    const preset = offer?.presets.find((one) => one.id === id)
    if (preset !== undefined) choose(preset)
  })
  words.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLButtonElement) || target.id !== 'override-all') return
    filled.override((target.dataset.checks ?? '').split(' '))
    target.disabled = true
    target.textContent = 'Overridden below'
  })
  void begin()
  return () => {
    isGone = true
  }
}

/** Of a drill that is run again; its server may be none of the app's any more. */
const wantedTarget = (filled: FilledForm): string | null => {
  const { target } = filled.hidden()
  return typeof target === 'string' ? target : null
}

/** One server is not chosen; of several one is always named. */
function targetChoice(form: HTMLFormElement) {
  const region = find(form, '#target', HTMLElement)
  const select = find(form, '#f-target', HTMLSelectElement)
  const another = find(form, '#another-server', HTMLElement)
  return {
    select,
    isShown: () => !region.hidden,
    offer({ target, targets }: Offer): void {
      const isChoice = targets.length > 1
      region.hidden = !isChoice
      select.disabled = !isChoice
      another.hidden = isChoice
      if (select.options.length === 0)
        for (const { name, server } of targets)
          select.add(new Option(name === server ? name : `${name} (${server})`, name))
      select.value = target.name
    },
  }
}

const presetButtons = (presets: readonly OfferedPreset[]): Markup =>
  html`${presets.map(
    ({ id, title, about, plannedSeconds }) =>
      html`<button type="button" data-preset="${id}" aria-pressed="false"><b>${title}</b><small>${about} About ${duration(plannedSeconds)}.</small></button>`,
  )}`

const running = ({ runningDrill }: Offer): Insert =>
  runningDrill !== null &&
  html`<p class="panel">Drill <a href="#/drills/${encodeURIComponent(runningDrill)}">${runningDrill}</a> holds the server now: another one is refused until it has ended.</p>`

const judged = ({ checks: { notJudgedWhy, notSeen }, target }: Offer): Markup =>
  notJudgedWhy === null
    ? html`<p class="panel calm">No check would stop this drill of ${target.server} now.${notSeen.length > 0 && html` <small>Seen only by a drill: ${notSeen.join(', ')}.</small>`}</p>`
    : html`<p class="panel">What would stop a drill of ${target.server} is not known now: ${notJudgedWhy}. A drill looks again before it starts anything.</p>`

function failing({ failing: checks }: OfferedPreset): Markup {
  const stopping = checks.filter(({ forced }) => !forced)
  const overridden = checks.filter(({ forced }) => forced)
  return html`${
    stopping.length > 0 &&
    html`<div class="panel"><b>${counted(stopping.length, 'check')} would stop this drill now</b>${checkList(stopping)}<button type="button" id="override-all" data-checks="${stopping.map(({ id }) => id).join(' ')}">Override ${stopping.length === 1 ? 'it' : 'them'}</button></div>`
  }${
    overridden.length > 0 &&
    html`<div class="panel calm"><b>Smaller than the full rate needs, and overridden for this light load</b>${checkList(overridden)}</div>`
  }`
}

const checkList = (checks: readonly FailingCheck[]): Markup =>
  html`<ul>${checks.map(({ id, title, seen, wanted, advice, forced }) => html`<li><b>${title}</b> <code>${id}</code>: ${seen}; wanted: ${wanted}.${!forced && ` ${advice}`}</li>`)}</ul>`
