/** Small helpers over the DOM. Markup comes from the escaping templates; regions that did not change are left alone. */
import type { Markup } from '../../../render/text/markup.ts'

const shown = new WeakMap<Element, string>()

/** Does nothing when nothing changed, so that focus, selection and scroll position stay. */
export function show(region: Element, markup: Markup): void {
  if (shown.get(region) === markup.text) return
  shown.set(region, markup.text)
  region.innerHTML = markup.text
}

type Constructor<T> = abstract new (...args: never) => T

/** The one element that must be there. */
export function find<T extends Element>(root: ParentNode, selector: string, type: Constructor<T>): T {
  const element = root.querySelector(selector)
  if (!(element instanceof type)) throw new Error(`the page has no ${selector}`)
  return element
}

/** Hands a file to the reader under its name. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
