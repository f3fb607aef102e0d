/**
 * Fields of the contract's documents as zod schemas. Every message says what is expected; a parser adds what it found only where
 * that can hold no secret (`shown`).
 */
import * as z from 'zod'

export const whole = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

export const number = (min: number, max: number) => {
  const error = `a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

export const above = (min: number, max: number) => {
  const error = `a number above ${min}, up to ${max}`
  return z.number({ error }).gt(min, { error }).max(max, { error })
}

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` })

export const yesOrNo = z.boolean({ error: 'true or false' })

export const named = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error })

export const list = <T extends z.ZodType>(item: T, min: number, max: number, what: string) => {
  const error = `${what}, ${min} to ${max} of them`
  return z.array(item, { error }).min(min, { error }).max(max, { error })
}

/** What a parser found, without secrets: of a text, its length alone. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return `a text of ${value.length} ${value.length === 1 ? 'character' : 'characters'}`
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** What a parser returns: the value, or every problem of what it was given. */
export type Parsed<T> = { readonly value: T } | { readonly problems: readonly string[] }

/** One problem per field: a number that is neither whole nor in range is wrong once. */
export function problemsOf(error: z.ZodError, nameOf: (path: readonly PropertyKey[]) => string): readonly string[] {
  const byField = new Map<string, string>()
  for (const { code, path, message, input } of error.issues) {
    const name = nameOf(path)
    const isUnknown = code === 'unrecognized_keys'
    const text = isUnknown ? 'holds a field that is not known' : `expected ${message}, got ${shown(input)}`
    if (!byField.has(name)) byField.set(name, `${name}: ${text}`)
  }
  return [...byField.values()]
}
