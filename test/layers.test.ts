/** The arrows of the architecture: which folder may import which. CONTRIBUTING.md, "Map of the code", names the same folders. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { drawing } from './support/architecture.ts'
import { circlesOf, type Import, importsOf, readSource, sourceFiles } from './support/imports.ts'
import { PURE, ROOMS } from './support/rooms.ts'

/** Taken for its types only: a step of an orchestration names an activity, and never calls it. */
const TYPES_ONLY: ReadonlyArray<readonly [from: string, to: string]> = [
  ['functions/orchestrators', 'functions/activities'],
  ['functions/orchestrators', 'functions/activities/campaign'],
]

/** What fits on a screen and in a head. */
const MAX_FILES = 14

const FILES = sourceFiles(['loadgen-image', 'functions', 'infra'])
const FOLDERS = [...new Set(FILES.map((file) => dirname(file)))]

const isLocal = ({ to }: Import) => ROOMS.has(dirname(to)) || /^(functions|loadgen-image|infra|test)\//.test(to)
const isPure = (file: string) => PURE.some((room) => file.startsWith(`${room}/`))
const roomsOf = (file: string) =>
  importsOf(file)
    .filter(isLocal)
    .map((imported) => ({ ...imported, room: dirname(imported.to) }))
    .filter(({ room }) => room !== dirname(file))

function mayImport(from: string, { room, typeOnly }: { readonly room: string; readonly typeOnly: boolean }): boolean {
  if (!ROOMS.get(from)?.includes(room)) return false
  return typeOnly || !TYPES_ONLY.some(([a, b]) => a === from && b === room)
}

/** Pure code may compute with libraries, but reach nothing outside. */
const isPurePackage = (name: string) =>
  !/^(@azure\/|durable-functions|pg$|pg\/|fastify)/.test(name) &&
  (!name.startsWith('node:') || ['node:crypto', 'node:zlib', 'node:stream'].includes(name))

/** Orchestrators replay: what they compute must depend on their history alone. */
const NOT_DETERMINISTIC = /\bDate\.now\b|\bnew Date\(\)|Math\.random|\bprocess\.|setTimeout|\bfetch\(|performance\.now/
const READS_A_CLOCK = /\bDate\.now\b|\bnew Date\(\)|Math\.random|\bprocess\.env|performance\.now/

describe('folders', () => {
  test('every folder of source has its row', () => expect([...ROOMS.keys()].sort()).toEqual([...FOLDERS].sort()))

  for (const [row, [room, below]] of [...ROOMS].entries()) {
    test(`${room} imports only folders of earlier rows`, () => {
      const earlier = [...ROOMS.keys()].slice(0, row)
      expect(below.filter((name) => !earlier.includes(name))).toEqual([])
    })

    test(`${room} imports what its row says, and nothing that it does not say`, () => {
      const own = FILES.filter((file) => dirname(file) === room)
      const strange = own.flatMap((file) =>
        roomsOf(file).flatMap((imported) => (mayImport(room, imported) ? [] : [`${file} imports ${imported.to}`])),
      )
      expect(strange).toEqual([])
      expect([...new Set(own.flatMap((file) => roomsOf(file).map((imported) => imported.room)))].sort()).toEqual(
        [...below].sort(),
      )
    })

    test(`${room} has at most ${MAX_FILES} files`, () =>
      expect(FILES.filter((file) => dirname(file) === room).length).toBeLessThanOrEqual(MAX_FILES))
  }

  test('an import that points upward is found', () => {
    const upward = importsOf('functions/merge/x.ts', "import { a } from '../clients/storage/blobs.ts'").map(
      (imported) => ({
        ...imported,
        room: dirname(imported.to),
      }),
    )
    expect(upward.map((imported) => mayImport('functions/merge', imported))).toEqual([false])
  })
})

describe('files', () => {
  test('no file imports itself by way of others, types included', () => expect(circlesOf(FILES)).toEqual([]))

  test('a circle of three files is found', () => {
    const sources: Record<string, string> = {
      'a.ts': "import './b.ts'",
      'b.ts': "import './c.ts'",
      'c.ts': "import './a.ts'",
    }
    expect(circlesOf(Object.keys(sources), (file) => sources[file] as string)).toEqual([['a.ts', 'b.ts', 'c.ts']])
  })

  test('pure code imports no SDK, no clock and no files, and reads no environment', () => {
    const impure = FILES.filter(isPure).flatMap((file) => [
      ...importsOf(file)
        .filter((imported) => !isLocal(imported) && !isPurePackage(imported.to))
        .map(({ to }) => `${file} imports ${to}`),
      ...(READS_A_CLOCK.test(readSource(file)) ? [`${file} reads a clock, randomness or the environment`] : []),
    ])
    expect(impure).toEqual([])
  })

  test('orchestrators are deterministic', () => {
    const own = FILES.filter((file) => dirname(file) === 'functions/orchestrators')
    expect(own.filter((file) => NOT_DETERMINISTIC.test(readSource(file)))).toEqual([])
  })

  test('durable timers are asked for in one place, which knows that they fire early', () => {
    const askers = FILES.filter((file) => file.startsWith('functions/') && /\bcreateTimer\b/.test(readSource(file)))
    expect(askers).toEqual(['functions/orchestrators/waiting.ts'])
  })
})

/** pg fills what it is not given from the environment; only this file gives it everything. */
const OWNER_OF_CLIENTS = 'loadgen-image/connection/client.ts'

/** What a user's application would do. */
const EXAMPLE_OF_A_POOL = 'infra/local/example-app/main.ts'

test('only one file makes clients of pg, beside the example of an application; all others take its types', () => {
  const takesMore = sourceFiles(['loadgen-image', 'functions', 'infra', 'test']).filter(
    (file) =>
      file !== OWNER_OF_CLIENTS &&
      file !== EXAMPLE_OF_A_POOL &&
      !file.endsWith('.d.ts') &&
      importsOf(file).some(({ to, typeOnly }) => /^pg(\/|$)/.test(to) && !typeOnly),
  )
  expect(takesMore).toEqual([])
})

/** UPDATE_GOLDEN=1 draws it again. */
test('docs/architecture.md draws the rooms as they import each other', () => {
  const file = resolve(import.meta.dirname, '../docs/architecture.md')
  const text = readFileSync(file, 'utf8')
  const drawn = text.replace(/```mermaid\n[\s\S]*?\n```/, `\`\`\`mermaid\n${drawing()}\n\`\`\``)
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, drawn)
  expect(text).toContain('```mermaid')
  expect(readFileSync(file, 'utf8')).toBe(drawn)
})
