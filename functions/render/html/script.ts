/**
 * The only script of a report: comfort for a reader. Everything is there without it, it reaches nothing outside the page, and
 * it runs after the page is shown. The page's policy names its sum, so no other script can run.
 * A page that was opened with a function key in its address gives the key to its links: without it the app answers them 401.
 */
import { createHash } from 'node:crypto'

export const SCRIPT = `
const links = new Map([...document.querySelectorAll('nav a')].map((link) => [link.hash.slice(1), link]))
const seen = new Set()
const follow = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) isIntersecting ? seen.add(target.id) : seen.delete(target.id)
  const now = [...links.keys()].find((id) => seen.has(id))
  for (const [id, link] of links) id === now ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current')
}, { rootMargin: '-12% 0px -60% 0px' })
for (const section of document.querySelectorAll('main > section')) follow.observe(section)

const code = new URL(document.URL).searchParams.get('code')
if (code !== null) for (const link of document.querySelectorAll('a[href]:not([href^="#"])')) {
  const href = link.getAttribute('href')
  link.setAttribute('href', href + (href.includes('?') ? '&' : '?') + 'code=' + encodeURIComponent(code))
}

const opened = []
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details:not([open])')) {
    part.open = true
    opened.push(part)
  }
})
addEventListener('afterprint', () => {
  for (const part of opened.splice(0)) part.open = false
})

const said = document.createElement('p')
said.className = 'unseen'
said.setAttribute('role', 'status')
document.querySelector('main').append(said)

if (navigator.clipboard) for (const figure of document.querySelectorAll('[data-copy]')) {
  const button = document.createElement('button')
  const show = (words) => {
    button.textContent = words
    said.textContent = words
  }
  button.type = 'button'
  button.className = 'copy'
  button.ariaLabel = 'Copy: ' + figure.dataset.copy
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(figure.dataset.copy).then(() => show('Copied'), () => show('Not copied'))
    setTimeout(show, 2000, '')
  })
  figure.append(button)
}
`

export const SCRIPT_SUM = `sha256-${createHash('sha256').update(SCRIPT).digest('base64')}`
