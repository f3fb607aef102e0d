/** Small operations on text: the case of a first letter, and an order that no locale changes. */
export const lowerFirst = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`

export const upperFirst = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** By code units: the order of a report must not depend on the locale of the host that writes it. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
