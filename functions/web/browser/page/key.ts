/** The function key: asked for once, kept for this tab, sent as a header. It never stands in a URL or in storage that lasts. */
const NAME = 'function-key'

export const readKey = (): string | null => sessionStorage.getItem(NAME)
export const keepKey = (key: string): void => sessionStorage.setItem(NAME, key)
export const forgetKey = (): void => sessionStorage.removeItem(NAME)
