/** Keys in a table of links: arrows move from row to row, x chooses the row, c compares. A refresh leaves the focus where it is. */

export interface RowKeys {
  /** Around a change of the rows. */
  around(change: () => void): void
}

const LINK = 'tbody th a'

export function rowKeys(region: HTMLElement, compare: () => void): RowKeys {
  const rowOf = (element: Element | null): HTMLTableRowElement | null => element?.closest('tr') ?? null
  const focused = (): Element | null => (region.contains(document.activeElement) ? document.activeElement : null)

  region.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const row = rowOf(focused())
    if (row === null) return
    const rows = [...region.querySelectorAll('tbody tr')]
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) rows[rows.indexOf(row) + step]?.querySelector<HTMLElement>('th a')?.focus()
    else if (event.key === 'x') row.querySelector<HTMLInputElement>('input[type=checkbox]')?.click()
    else if (event.key === 'c') compare()
    else return
    event.preventDefault()
  })

  return {
    around(change) {
      const before = focused()
      const address = rowOf(before)?.querySelector<HTMLAnchorElement>('th a')?.getAttribute('href') ?? null
      const isBox = before instanceof HTMLInputElement
      change()
      if (address === null || before?.isConnected === true) return
      const link = [...region.querySelectorAll<HTMLElement>(LINK)].find((one) => one.getAttribute('href') === address)
      const box = rowOf(link ?? null)?.querySelector<HTMLElement>('input[type=checkbox]')
      ;(isBox ? (box ?? link) : link)?.focus({ preventScroll: true })
    },
  }
}
