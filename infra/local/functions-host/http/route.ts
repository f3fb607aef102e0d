/**
 * Route templates as Azure Functions knows them (ASP.NET's): `drills/{id}/files/{*name}`, optional and defaulted
 * parameters, inline constraints, and an order among routes by how much each of them fixes.
 */
export interface Route {
  readonly template: string
  readonly segments: readonly Segment[]
}

type Segment = { readonly kind: 'literal'; readonly text: string } | Parameter

interface Parameter {
  readonly kind: 'parameter'
  readonly name: string
  readonly constraints: readonly Constraint[]
  readonly optional: boolean
  readonly fallback: string | undefined
  readonly catchAll: boolean
}

interface Constraint {
  readonly text: string
  readonly accepts: (value: string) => boolean
}

export type RouteValues = Readonly<Record<string, string>>

export function parseRoute(template: string): Route {
  const parts = template.replace(/^\/+|\/+$/g, '')
  const segments = parts === '' ? [] : splitSegments(parts).map((part) => parseSegment(part, template))
  const names = segments.flatMap((segment) => (segment.kind === 'parameter' ? [segment.name.toLowerCase()] : []))
  if (new Set(names).size < names.length) throw new Error(`the route "${template}" names a parameter twice`)
  if (segments.slice(0, -1).some((segment) => segment.kind === 'parameter' && (segment.catchAll || segment.optional)))
    throw new Error(`only the last parameter of the route "${template}" may be optional or take the rest of the path`)
  return { template, segments }
}

/** A slash inside braces belongs to a constraint. */
function splitSegments(template: string): string[] {
  const parts = ['']
  let depth = 0
  for (const character of template) {
    if (character === '{') depth += 1
    if (character === '}') depth -= 1
    if (character === '/' && depth === 0) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
}

function parseSegment(part: string, template: string): Segment {
  if (!part.includes('{')) return { kind: 'literal', text: part.toLowerCase() }
  const inside = /^\{(\*{0,2})([A-Za-z_][\w-]*)((?::[^=]*?)?)(?:=(.*?))?(\??)\}$/.exec(part)
  if (inside === null)
    throw new Error(`the segment "${part}" of the route "${template}" must be plain text or one parameter in braces`)
  const [, stars = '', name = '', constraints = '', fallback, optional] = inside
  return {
    kind: 'parameter',
    name,
    constraints: splitConstraints(constraints).map((text) => ({ text, accepts: constraint(text, template) })),
    optional: optional === '?',
    fallback,
    catchAll: stars !== '',
  }
}

const splitConstraints = (text: string): string[] =>
  text.match(/:[^:(]+(?:\(.*?\)(?=:|$))?/g)?.map((one) => one.slice(1)) ?? []

const ranged = (value: string, low: number, high: number) =>
  /^-?\d+$/.test(value) && Number(value) >= low && Number(value) <= high
const PLAIN: Readonly<Record<string, (value: string) => boolean>> = {
  int: (value) => ranged(value, -(2 ** 31), 2 ** 31 - 1),
  long: (value) => ranged(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  bool: (value) => /^(true|false)$/i.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  guid: (value) => /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i.test(value),
  decimal: (value) => /^-?\d+(\.\d+)?$/.test(value),
  double: (value) => value.trim() !== '' && Number.isFinite(Number(value)),
  float: (value) => value.trim() !== '' && Number.isFinite(Number(value)),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  required: (value) => value !== '',
}

function constraint(text: string, template: string): (value: string) => boolean {
  const plain = PLAIN[text.toLowerCase()]
  if (plain !== undefined) return plain
  const [, name = '', argument = ''] = /^(\w+)\((.*)\)$/.exec(text) ?? []
  const [low, high] = argument.split(',').map(Number) as [number, number?]
  switch (name.toLowerCase()) {
    case 'minlength':
      return (value) => value.length >= low
    case 'maxlength':
      return (value) => value.length <= low
    case 'length':
      return (value) => value.length >= low && value.length <= (high ?? low)
    case 'min':
      return (value) => ranged(value, low, Number.MAX_SAFE_INTEGER)
    case 'max':
      return (value) => ranged(value, Number.MIN_SAFE_INTEGER, low)
    case 'range':
      return (value) => ranged(value, low, high ?? low)
    case 'regex': {
      const pattern = new RegExp(argument.replaceAll('{{', '{').replaceAll('}}', '}'), 'i')
      return (value) => pattern.test(value)
    }
  }
  throw new Error(`the route "${template}" has the constraint "${text}", which Azure Functions does not know`)
}

/** The values of a path that fits, or undefined. `path` has no leading slash and is still percent-encoded. */
export function matchRoute(route: Route, path: string): RouteValues | undefined {
  const given = path.split('/').filter((part) => part !== '')
  const values: Record<string, string> = {}
  for (const [index, segment] of route.segments.entries()) {
    const rest = segment.kind === 'parameter' && segment.catchAll ? given.slice(index).join('/') : given[index]
    if (segment.kind === 'literal') {
      if (rest === undefined || decode(rest).toLowerCase() !== segment.text) return undefined
    } else if (!take(segment, rest, values)) return undefined
  }
  const last = route.segments.at(-1)
  const takesRest = last?.kind === 'parameter' && last.catchAll
  return takesRest || given.length <= route.segments.length ? values : undefined
}

function take(parameter: Parameter, given: string | undefined, values: Record<string, string>): boolean {
  const value = given === undefined || given === '' ? parameter.fallback : decode(given)
  if (value === undefined) return parameter.optional || parameter.catchAll
  values[parameter.name] = value
  return parameter.constraints.every(({ accepts }) => accepts(value))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Literal before constrained before free before catch-all, segment by segment; the sort is stable. */
export function byPrecedence(a: Route, b: Route): number {
  const length = Math.max(a.segments.length, b.segments.length)
  for (let index = 0; index < length; index += 1) {
    const difference = rank(a.segments[index]) - rank(b.segments[index])
    if (difference !== 0) return difference
  }
  return 0
}

function rank(segment: Segment | undefined): number {
  if (segment === undefined) return 0
  if (segment.kind === 'literal') return 1
  if (segment.catchAll) return 5
  return segment.constraints.length > 0 ? 2 : 3
}
