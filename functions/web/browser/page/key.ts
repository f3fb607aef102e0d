/** The function key: the page asks once, keeps it for the tab and sends it as a header. It is in no URL and in no lasting storage. */
const NAME = 'function-key'

export const readKey = (): string | null => sessionStorage.getItem(NAME)
export const keepKey = (key: string): void => sessionStorage.setItem(NAME, key)
export const forgetKey = (): void => sessionStorage.removeItem(NAME)
