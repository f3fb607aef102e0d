/** The ways to the server in words: the same in the page and in the Markdown. */
import type { DrillEvent, EventWay, Report } from '../../model/report.ts'
import type { LiveWay } from '../../model/status.ts'
import { clock, NOT_MEASURED, seconds, signed } from '../../units/units.ts'

export const WAY_NAMES: Readonly<Record<EventWay['way'], string>> = {
  direct: 'straight',
  pgbouncer: 'through PgBouncer',
}

/** A way that went back and forth has its states added up. */
const MAX_STEPS = 6

export function stepsText({ steps, backAt, notMeasuredWhy }: EventWay): string {
  const end = notMeasuredWhy === null ? (backAt === null ? 'not back' : 'wrote') : `${NOT_MEASURED}: ${notMeasuredWhy}`
  if (steps.length === 0) return notMeasuredWhy === null ? 'took writes throughout' : end
  const each = steps.map(({ state, seconds: length }) => ({ state, length }))
  return [...(each.length > MAX_STEPS ? added(each) : each).map(stepText), end].join(', ')
}

interface Step {
  readonly state: string
  readonly length: number
}

const stepText = ({ state, length }: Step): string => `${state} ${seconds(length)}`

const added = (steps: readonly Step[]): Step[] =>
  [...Map.groupBy(steps, ({ state }) => state)].map(([state, all]) => ({
    state: `${state} (${all.length} times)`,
    length: all.reduce((sum, { length }) => sum + length, 0),
  }))

/** While the load runs. */
export const liveWayText = ({ state, seconds: length }: LiveWay): string =>
  state === 'wrote' ? 'takes writes' : `${state} for ${seconds(length)}`

export const outText = ({ outSeconds, backAt, steps, notMeasuredWhy }: EventWay): string =>
  outSeconds === null && notMeasuredWhy === null && backAt === null && steps.length > 0
    ? 'not back'
    : seconds(outSeconds)

export const laterText = ({ way, longerThanDirectSeconds }: EventWay): string =>
  way === 'direct' ? '' : signed(longerThanDirectSeconds, 's')

export const nameChangeText = ({ nameChange }: Pick<DrillEvent, 'nameChange'>): string =>
  nameChange === null
    ? ''
    : `The server's name led to ${nameChange.after.join(', ')} instead of ${nameChange.before.join(', ')} from ${clock(nameChange.at)} on, ${signed(nameChange.sinceLastCommitSeconds, 's')} after T1.`

/** Null: they were probed. */
export const notProbed = ({ stepProbe: { measured, why } }: Pick<Report, 'stepProbe'>): string | null =>
  measured ? null : `The ways to the server are ${NOT_MEASURED}: ${why}.`
