/**
 * HTML as tagged templates: every value is escaped unless it is markup itself.
 * A number cannot be put in: it has to pass a function of units.ts first, so that no raw figure reaches the page.
 */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Insert = string | Markup | null | undefined | false | readonly Insert[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

function insert(value: Insert): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  return value instanceof Markup ? value.text : value.map(insert).join('')
}

/** For prose: a number and its unit stay on one line. */
export const unbroken = (text: string): string =>
  text.replace(/(?<=\d) (?=(?:s|ms|min|h|TPS|[KMGT]i?B)\b|%)/g, '\u00a0')

export const html = (strings: TemplateStringsArray, ...values: readonly Insert[]): Markup =>
  new Markup(strings.reduce((text, part, index) => text + insert(values[index - 1]) + part))

/** For text that is markup already: the output of our own chart renderer and style sheet. */
export const raw = (text: string): Markup => new Markup(text)
