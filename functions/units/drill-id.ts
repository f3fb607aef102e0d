/** Ids of drills by time: made by the app, or by a caller as the key of its request. */
import { randomBytes } from 'node:crypto'

/** Sorts by time, and is readable in a list of containers. */
export const newDrillId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`

const FORM = /^\d{8}-\d{6}-[0-9a-f]{6}$/

export const isOfTime = (text: string): boolean => FORM.test(text)
