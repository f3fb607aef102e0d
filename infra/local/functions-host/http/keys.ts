/** Access keys as the host has them: who may call what, by `x-functions-key` or `?code=`. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Keys {
  /** Opens everything. */
  readonly master: string
  /** Opens every function. */
  readonly host: string
  /** Opens the Durable management API. */
  readonly system: string
  /** Opens one function, by its name. */
  readonly functions: Readonly<Record<string, string>>
}

export type AuthLevel = 'anonymous' | 'function' | 'admin'

const newKey = (): string => randomBytes(40).toString('base64url')

export const fillKeys = (given: Partial<Keys> = {}): Keys => ({
  master: given.master ?? newKey(),
  host: given.host ?? newKey(),
  system: given.system ?? newKey(),
  functions: given.functions ?? {},
})

export function opensFunction(keys: Keys, level: AuthLevel, name: string, given: string | undefined): boolean {
  if (level === 'anonymous') return true
  const own = keys.functions[name]
  const accepted = level === 'admin' ? [keys.master] : [keys.master, keys.host, ...(own === undefined ? [] : [own])]
  return isOneOf(given, accepted)
}

export const opensManagement = (keys: Keys, given: string | undefined): boolean =>
  isOneOf(given, [keys.master, keys.system])

export const opensAdmin = (keys: Keys, given: string | undefined): boolean => isOneOf(given, [keys.master])

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function isOneOf(given: string | undefined, accepted: readonly string[]): boolean {
  if (given === undefined) return false
  return accepted.some((key) => timingSafeEqual(digest(key), digest(given)))
}
