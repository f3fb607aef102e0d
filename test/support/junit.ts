/** Reads junit.xml and checks it by the rules of the schema of Ant's JUnit reports, which is the strictest one in use. */
import { XMLParser, XMLValidator } from 'fast-xml-parser'

export interface Node {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Node[]
  readonly text: string
}

const COUNT = /^\d+$/
const DECIMAL = /^\d+(\.\d+)?$/
const TOKEN = /\S/
const ANY = /^/

type Attributes = Readonly<Record<string, RegExp>>

/** Children in their order: all of them must be there once, but for those that may occur as often as they like. */
interface Element {
  readonly required: Attributes
  readonly optional?: Attributes
  readonly children?: readonly string[]
  readonly repeated?: readonly string[]
  readonly oneOf?: readonly string[]
}

const SAID: Element = { required: { type: ANY }, optional: { message: ANY } }

const ELEMENTS: Readonly<Record<string, Element>> = {
  testsuites: { required: {}, children: ['testsuite'], repeated: ['testsuite'] },
  testsuite: {
    required: {
      id: COUNT,
      package: TOKEN,
      name: TOKEN,
      timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
      hostname: TOKEN,
      tests: COUNT,
      failures: COUNT,
      errors: COUNT,
      time: DECIMAL,
    },
    optional: { skipped: COUNT },
    children: ['properties', 'testcase', 'system-out', 'system-err'],
    repeated: ['testcase'],
  },
  properties: { required: {}, children: ['property'], repeated: ['property'] },
  property: { required: { name: TOKEN, value: ANY } },
  testcase: { required: { name: ANY, classname: ANY, time: DECIMAL }, oneOf: ['skipped', 'error', 'failure'] },
  failure: SAID,
  error: SAID,
  skipped: { required: {}, optional: { message: ANY } },
  'system-out': { required: {} },
  'system-err': { required: {} },
}

/** The tree of a well-formed document; throws when it is none. */
export function parseXml(xml: string): Node {
  const validity = XMLValidator.validate(xml)
  if (validity !== true) throw new Error(`line ${validity.err.line}: ${validity.err.msg}`)
  const options = { preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', trimValues: false }
  const nodes = new XMLParser({ ...options, parseTagValue: false, parseAttributeValue: false }).parse(xml) as Raw[]
  const root = nodes.map(nodeOf).find(({ name }) => !name.startsWith('?') && name !== '#text')
  if (root === undefined) throw new Error('no element')
  return root
}

type Raw = Readonly<Record<string, unknown>>

function nodeOf(raw: Raw): Node {
  const name = Object.keys(raw).find((key) => key !== ':@') ?? ''
  if (name === '#text') return { name, attributes: {}, children: [], text: String(raw[name]) }
  const children = (raw[name] as Raw[]).map(nodeOf)
  const text = children.map((child) => (child.name === '#text' ? child.text : '')).join('')
  return {
    name,
    attributes: (raw[':@'] ?? {}) as Record<string, string>,
    children: children.filter((child) => child.name !== '#text'),
    text,
  }
}

/** Every breach of the schema; empty when there is none. */
export function breachesOf(node: Node, path = node.name): string[] {
  const rule = ELEMENTS[node.name]
  if (rule === undefined) return [`${path}: no such element`]
  const { required, optional = {}, children = [], repeated = [], oneOf } = rule
  const known: Attributes = { ...required, ...optional }
  const names = node.children.map(({ name }) => name)
  const order = names.map((name) => children.indexOf(name))
  return [
    ...Object.keys(required).flatMap((name) => (name in node.attributes ? [] : [`${path}: ${name} is missing`])),
    ...Object.entries(node.attributes).flatMap(([name, value]) =>
      known[name]?.test(value) === true ? [] : [`${path}: ${name}="${value}"`],
    ),
    ...(oneOf === undefined ? [] : names.flatMap((name) => (oneOf.includes(name) ? [] : [`${path}: holds ${name}`]))),
    ...(oneOf !== undefined && names.length > 1 ? [`${path}: holds ${names.length} results`] : []),
    ...(oneOf === undefined && order.some((at, i) => at < (order[i - 1] ?? 0))
      ? [`${path}: ${names} in disorder`]
      : []),
    ...children.flatMap((name) => {
      const times = names.filter((one) => one === name).length
      return repeated.includes(name) || times === 1 ? [] : [`${path}: ${name} occurs ${times} times`]
    }),
    ...node.children.flatMap((child, i) => breachesOf(child, `${path}/${child.name}[${i}]`)),
  ]
}

export const casesOf = (root: Node): Node[] =>
  root.children.flatMap(({ children }) => children.filter(({ name }) => name === 'testcase'))

/** The result of each case by its name: passed, failure, error or skipped. */
export const resultsOf = (root: Node): Record<string, string> =>
  Object.fromEntries(casesOf(root).map((one) => [one.attributes.name, one.children[0]?.name ?? 'passed']))

/** A pipeline goes green when no case failed. */
export const isGreen = (root: Node): boolean =>
  root.children.every(({ attributes }) => attributes.failures === '0' && attributes.errors === '0')
