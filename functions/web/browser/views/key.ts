/** Asks for the function key, once per tab. */
import { html } from '../../../render/text/markup.ts'
import { forgetKey, keepKey, readKey } from '../page/api.ts'
import { find, show } from '../page/page.ts'
import type { View } from '../page/shell.ts'

export const keyView =
  (onKey: () => void): View =>
  (root) => {
    const wasRefused = readKey() !== null
    forgetKey()
    show(
      root,
      html`<form id="key"><h1>Function key</h1>
<p class="lead">The API asks for a key. It is kept for this tab only, and sent as a header.</p>
${wasRefused && html`<p class="problems" role="alert">The key was refused. It may have been renewed.</p>`}
<div class="field"><label for="key-value">Key</label><input id="key-value" type="password" autocomplete="off" required></div>
<p class="actions"><button type="submit" class="primary">Open the dashboard</button></p></form>`,
    )
    const form = find(root, '#key', HTMLFormElement)
    const input = find(root, '#key-value', HTMLInputElement)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const key = input.value.trim()
      if (key === '') return
      keepKey(key)
      onKey()
    })
    input.focus()
    return () => show(root, html``)
  }
