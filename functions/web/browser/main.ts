/** The dashboard's table of contents: which address shows which view. Views clean up after themselves. */

import { isByKey, keepKey, readKey } from './page/api.ts'
import { find } from './page/page.ts'
import { createShell, type View } from './page/shell.ts'
import { campaignView } from './views/campaign.ts'
import { campaignsView } from './views/campaigns.ts'
import { compareView } from './views/compare.ts'
import { drillView } from './views/drill.ts'
import { keyView } from './views/key.ts'
import { listView } from './views/list.ts'
import { signInView } from './views/sign-in.ts'
import { startView } from './views/start/start.ts'

const ROUTES: ReadonlyArray<readonly [pattern: RegExp, view: (match: RegExpExecArray) => View]> = [
  [/^#\/start$/, () => startView()],
  [
    /^#\/start\?from=([^&]+)(&override)?$/,
    ([, id = '', override]) => startView({ id: decodeURIComponent(id), isOverriding: override !== undefined }),
  ],
  [/^#\/drills\/([^/?]+)$/, ([, drillId = '']) => drillView(decodeURIComponent(drillId))],
  [/^#\/campaigns$/, () => campaignsView],
  [/^#\/campaigns\/([^/?]+)$/, ([, campaignId = '']) => campaignView(decodeURIComponent(campaignId))],
  [/^#\/compare\?ids=([^&]+)$/, ([, ids = '']) => compareView(ids.split(',').map(decodeURIComponent))],
  [/^(?:#\/?)?(?:\?(.*))?$/, ([, query = '']) => listView(new URLSearchParams(query))],
]

const root = find(document, '#view', HTMLElement)
const shell = createShell(() => open(isByKey() ? keyView(render) : signInView))
let close = (): void => undefined

function open(view: View): void {
  close()
  shell.idle()
  root.replaceChildren()
  root.removeAttribute('aria-busy')
  close = view(root, shell)
}

function render(): void {
  const view = isByKey() && readKey() === null ? keyView(render) : viewOf(location.hash)
  if (view) open(view)
  else location.hash = '#/'
}

function viewOf(address: string): View | null {
  for (const [pattern, view] of ROUTES) {
    const match = pattern.exec(address)
    if (match) return view(match)
  }
  return null
}

/** A link that logs in: the browser sends no fragment to the app or to another site, and this one leaves the address at once. */
function takeKey(): void {
  const [, key, to = '/'] = /^#key=([^&]+)(?:&to=([^&]+))?$/.exec(location.hash) ?? []
  if (key === undefined || !isByKey()) return
  keepKey(decodeURIComponent(key))
  history.replaceState(null, '', `#${decodeURIComponent(to)}`)
}

function markCurrent(): void {
  for (const link of document.querySelectorAll('.top nav a'))
    if (link.getAttribute('href') === (location.hash.split('?')[0] || '#/')) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
}

/** A link into the page, such as that of a verdict to a part of its report, is no address: the view and its address stay. */
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#"]') : null
  if (link === null || link.hash.startsWith('#/')) return
  event.preventDefault()
  if (link.hash === '#view') root.focus()
  else showPartOfReport(link.hash)
})

/** The report further down goes to the part, without a script of its own. */
function showPartOfReport(hash: string): void {
  const frame = document.querySelector<HTMLIFrameElement>('iframe.report')
  frame?.scrollIntoView()
  if (frame?.contentWindow) frame.contentWindow.location.hash = hash
}

addEventListener('hashchange', () => {
  takeKey()
  markCurrent()
  render()
  root.focus({ preventScroll: true })
})
takeKey()
markCurrent()
render()
