/** The question before an abort. The dialog stands outside the view, so that a refresh of the view cannot take it away from under the pointer. */
import { html } from '../../../render/text/markup.ts'
import type { Answer } from '../page/api.ts'
import { find, show } from '../page/page.ts'
import type { Shell } from '../page/shell.ts'

export interface Abort {
  readonly title: string
  readonly words: string
  readonly confirm: string
  readonly abort: () => Promise<Answer<unknown>>
  readonly done: string
}

/** Of the button and the answer that the view shows. Returns how to stop asking. */
export function offerAbort(root: HTMLElement, shell: Shell, { title, words, confirm, abort, done }: Abort): () => void {
  const dialog = find(document, '#abort', HTMLDialogElement)
  const button = find(root, '#ask-abort', HTMLButtonElement)
  const answer = find(root, '#abort-answer', HTMLElement)
  button.addEventListener('click', () => {
    show(find(dialog, '#abort-title', HTMLElement), html`${title}`)
    show(find(dialog, '#abort-words', HTMLElement), html`${words}`)
    show(find(dialog, '#abort-confirm', HTMLElement), html`${confirm}`)
    dialog.returnValue = ''
    dialog.showModal()
  })

  async function closed(): Promise<void> {
    if (dialog.returnValue !== 'abort') return
    button.disabled = true
    answer.textContent = 'Aborting'
    const aborted = await abort()
    if (aborted.kind === 'locked') return shell.askForAccess()
    if (aborted.kind === 'ok') {
      answer.textContent = done
      return
    }
    button.disabled = false
    answer.textContent =
      aborted.kind === 'refused'
        ? `${aborted.refusal.title}. ${aborted.refusal.detail}`
        : `Abort not sent: ${aborted.why}. Try again.`
  }

  dialog.addEventListener('close', closed)
  return () => {
    dialog.removeEventListener('close', closed)
    if (dialog.open) dialog.close('keep')
  }
}
