/** Ids of drills: made here, because an orchestration may neither read a clock nor roll a dice. */
import { createHash, randomBytes } from 'node:crypto'

/** Sorts by time, and is readable in a list of containers. */
export const newDrillId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`

/** The same key is the same drill, for ever. */
export const drillIdOfKey = (key: string): string => `key-${sha256(key).slice(0, 24)}`

/** A timer may fire some milliseconds before its time, and once more at it. */
const EARLY_MS = 250

/** One per occurrence of the schedule, so a timer that fires twice starts one drill. */
export const dailyDrillId = (firedAt: Date): string =>
  `daily-${new Date(firedAt.getTime() + EARLY_MS).toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}`

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
