/** Server parameters: what the server has, what it should have, and what follows from the difference. */

export interface WantedParameter {
  readonly name: string
  readonly value: string
  readonly why: string
  /** In force after a restart only. */
  readonly isStatic: boolean
}

/** As the server lists it. */
export interface LiveParameter {
  readonly name: string
  readonly value: string | null
  readonly isReadOnly: boolean
  readonly isPendingRestart: boolean
}

export interface ParameterPlan {
  /** In the order of the file: PgBouncer's parameters exist only once it is enabled. */
  readonly changes: readonly WantedParameter[]
  readonly equal: readonly string[]
  /** The server lists no such parameter, yet. */
  readonly missing: readonly WantedParameter[]
  readonly refused: readonly string[]
}

export function planParameters(wanted: readonly WantedParameter[], live: readonly LiveParameter[]): ParameterPlan {
  const byName = new Map(live.map((parameter) => [parameter.name.toLowerCase(), parameter]))
  const plan = {
    changes: [] as WantedParameter[],
    equal: [] as string[],
    missing: [] as WantedParameter[],
    refused: [] as string[],
  }
  for (const parameter of wanted) {
    const own = byName.get(parameter.name.toLowerCase())
    if (own === undefined) plan.missing.push(parameter)
    else if (isEqualValue(own.value, parameter.value)) plan.equal.push(parameter.name)
    else if (own.isReadOnly)
      plan.refused.push(`${parameter.name} is ${own.value} and read-only, not ${parameter.value}`)
    else plan.changes.push(parameter)
  }
  return plan
}

/** The server may answer on for true, 1e3 for 1000, or a list in another case and order. */
export const isEqualValue = (left: string | null, right: string): boolean =>
  left !== null && canonical(left) === canonical(right)

function canonical(text: string): string {
  const plain = text.trim().toLowerCase()
  if (['on', 'true', 'yes'].includes(plain)) return 'on'
  if (['off', 'false', 'no'].includes(plain)) return 'off'
  if (/^-?\d+(\.\d+)?$/.test(plain)) return String(Number(plain))
  return plain
    .split(',')
    .map((item) => item.trim())
    .sort()
    .join(',')
}

export const pendingRestart = (live: readonly LiveParameter[]): string[] =>
  live.filter(({ isPendingRestart }) => isPendingRestart).map(({ name }) => name)

/** The value that was refused or reset without an error. Parameters that wait for a restart show their new value already. */
export const differences = (wanted: readonly WantedParameter[], live: readonly LiveParameter[]): string[] => {
  const { changes, missing } = planParameters(wanted, live)
  return [
    ...changes.map(({ name, value }) => {
      const own = live.find((parameter) => parameter.name === name)
      return `${name} is ${own?.value ?? 'unset'}, not ${value}`
    }),
    ...missing.map(({ name }) => `${name} does not exist`),
  ]
}
