/**
 * Links to the parts of a report, for a reader who points others to one of them, and figures that the page's script offers to copy.
 * An id names what it marks and not where that stands, so that it stays the same when rows come and go, and from drill to drill.
 */
import { html, type Insert, type Markup } from '../../text/markup.ts'

/** Shown on hover and on focus; the words name the part for a screen reader. The style draws its sign, so that copied text has none. */
export const anchor = (id: string, name: string): Markup =>
  html`<a class="anchor" href="#${id}" aria-label="Link to: ${name}"></a>`

/** As an id: letters, digits, underscores, dots and hyphens. */
export const slug = (words: string): string => words.replace(/[^\p{L}\p{N}_.]+/gu, '-').replace(/^-+|-+$/g, '')

/** The names of rows as ids; a name that occurs again gets a number, because a page has every id once. */
export function idsOf(prefix: string, names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    const id = `${prefix}-${slug(name)}`
    let free = id
    for (let next = 2; taken.has(free); next++) free = `${id}-${next}`
    taken.add(free)
    return free
  })
}

/** The link stands beside the heading, so that it is no part of the heading's name. */
export const heading = (id: string, words: string): Markup =>
  html`<div class="titled" id="${id}"><h3>${words}</h3>${anchor(id, words)}</div>\n`

/** A figure with the words that its copy button gives. */
export const copied = (value: Insert, words: string): Markup => html`<span data-copy="${words}">${value}</span>`
