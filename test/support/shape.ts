/** Holds a JSON value against an example of its kind: the same keys with the same types. Values may differ. */

export interface ShapeOptions {
  /** Paths of the example that may be absent, each because what it says does not apply. `[]` stands for any element. */
  readonly absent?: readonly string[]
  /** Paths that the example leaves out and the specification allows. */
  readonly extra?: readonly string[]
}

/** One line per difference; none when the value has the example's shape. */
export function shapeProblems(value: unknown, example: unknown, options: ShapeOptions = {}, path = '$'): string[] {
  const [got, wanted] = [typeOf(value), typeOf(example)]
  if (got !== wanted) return [`${path} is ${got}, not ${wanted}`]
  if (Array.isArray(value) && Array.isArray(example)) return elementProblems(value, example, options, path)
  if (got !== 'object') return []
  return objectProblems(value as Fields, example as Fields, options, path)
}

type Fields = Readonly<Record<string, unknown>>

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

/** Elements of one list share a shape; the example's first one shows it. */
function elementProblems(value: readonly unknown[], example: readonly unknown[], options: ShapeOptions, path: string) {
  if (example.length === 0) return []
  return value.flatMap((element) => shapeProblems(element, example[0], options, `${path}[]`))
}

function objectProblems(value: Fields, example: Fields, options: ShapeOptions, path: string): string[] {
  const { absent = [], extra = [] } = options
  const at = (key: string) => `${path}.${key}`
  const missing = Object.keys(example).filter((key) => !(key in value) && !absent.includes(at(key)))
  const unknown = Object.keys(value).filter((key) => !(key in example) && !extra.includes(at(key)))
  const shared = Object.keys(example).filter((key) => key in value)
  return [
    ...missing.map((key) => `${at(key)} is missing`),
    ...unknown.map((key) => `${at(key)} is not in the example`),
    ...shared.flatMap((key) => shapeProblems(value[key], example[key], options, at(key))),
  ]
}
