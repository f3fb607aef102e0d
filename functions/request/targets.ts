/**
 * The servers of the app, and which of them a request means. `target` names one of them. An object names a server by its parts: one of the
 * list, or with a single target also a server beside it, which is reached with that target's login.
 */
import * as z from 'zod'
import { shown } from '../../loadgen-image/contract/fields.ts'
import type { FieldProblem } from '../../loadgen-image/contract/load-plan.ts'
import { serverKey } from '../model/drill-index.ts'
import type { Target } from '../model/plan.ts'
import { DATABASE_NAME, RESOURCE_GROUP_NAME, SERVER_NAME, TARGET_NAME } from '../platform/names.ts'
import { inForm } from './forms.ts'

export interface TargetDefaults {
  /** As requests name it. */
  readonly name: string
  readonly target: Target
  readonly cooldownMinutes: number
  /** Fields of a request to this server that the request does not name itself. */
  readonly requestDefaults?: Readonly<Record<string, unknown>>
  /** Of the daily drill; null: there is none. */
  readonly schedule?: string | null
}

/** A list of settings has at least one. */
export type Targets = readonly [TargetDefaults, ...TargetDefaults[]]

const partsSchema = z.strictObject(
  {
    resourceGroup: inForm(RESOURCE_GROUP_NAME).optional(),
    server: inForm(SERVER_NAME).optional(),
    database: inForm(DATABASE_NAME).optional(),
  },
  { error: 'the name of a target, or an object with resourceGroup, server and database' },
)
const nameSchema = inForm(TARGET_NAME)

/** Of a request's field `target`. */
export const targetSchema = z.union([nameSchema, partsSchema])
/** One of the two, so that a problem is that of the form that was given. */
export const targetSchemaOf = (value: unknown): z.ZodType => (typeof value === 'string' ? nameSchema : partsSchema)

type Parts = z.infer<typeof partsSchema>

interface Chosen {
  readonly of: TargetDefaults
  readonly target: Target
  readonly problem: FieldProblem | null
}

/** With a problem the first target stands in, so that the other fields are judged too. A value of another form has its own problem. */
export function chooseTarget(value: unknown, targets: Targets): Chosen {
  const parsed = value === undefined ? { success: true, data: undefined } : targetSchema.safeParse(value)
  const given = parsed.success ? parsed.data : undefined
  const [only, ...more] = targets
  if (typeof given === 'string') {
    const named = targets.find(({ name }) => name === given)
    return named === undefined ? refused(targets, given) : { of: named, target: named.target, problem: null }
  }
  const parts = definedOf((given ?? {}) as Parts)
  if (more.length === 0) return { of: only, target: { ...only.target, ...parts }, problem: null }
  if (!parsed.success) return { of: only, target: only.target, problem: null }
  const named = parts.server === undefined ? undefined : targetOfServer(targets, parts)
  return named === undefined
    ? refused(targets, given)
    : { of: named, target: { ...named.target, ...parts }, problem: null }
}

function refused(targets: Targets, given: unknown): Chosen {
  const problem = given === undefined ? 'the request names no server, and the app has several' : `got ${shown(given)}`
  return {
    of: targets[0],
    target: targets[0].target,
    problem: { field: 'target', problem, expected: `one of ${targets.map(({ name }) => name).join(', ')}` },
  }
}

/** Azure compares names without case. */
const targetOfServer = (targets: Targets, { server = '', resourceGroup }: Parts): TargetDefaults | undefined =>
  targets.find(
    ({ target }) => serverKey(target) === serverKey({ ...target, server, ...(resourceGroup && { resourceGroup }) }),
  )

/** What a request names to reach the same server again. */
export function nameOfTarget(target: Target, targets: Targets): string | Target {
  const { subscriptionId: _, ...parts } = target
  const named = targets.find((one) => serverKey(one.target) === serverKey(target))
  return named !== undefined && targets.length > 1 && named.target.database === target.database ? named.name : parts
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

export const definedOf = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
