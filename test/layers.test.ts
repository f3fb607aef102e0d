/** The arrows of the architecture: who may import whom. README, "Map of the code", draws the same picture. */
import { expect, test } from 'vitest'
import { type Import, importsOf, readSource, sourceFiles } from './support/imports.ts'

interface Layer {
  readonly prefix: string
  readonly mayImport: readonly string[]
  /** Imported for its types only. */
  readonly mayImportTypes?: readonly string[]
  /** No SDK, no clock, no files. */
  readonly pure?: boolean
}

/** The first prefix that matches a file is its layer. */
const LAYERS: readonly Layer[] = [
  { prefix: 'loadgen-image/contract', mayImport: ['loadgen-image/contract'] },
  { prefix: 'loadgen-image/connection/', mayImport: ['loadgen-image/connection/'] },
  { prefix: 'loadgen-image/', mayImport: ['loadgen-image/'] },
  { prefix: 'functions/drill/', mayImport: ['functions/drill/', 'loadgen-image/contract'], pure: true },
  {
    prefix: 'functions/checklist/',
    mayImport: ['functions/checklist/', 'functions/drill/', 'loadgen-image/contract'],
    pure: true,
  },
  {
    prefix: 'functions/report/',
    mayImport: ['functions/report/', 'functions/checklist/', 'functions/drill/', 'loadgen-image/contract'],
    pure: true,
  },
  {
    prefix: 'functions/clients/',
    mayImport: [
      'functions/clients/',
      'functions/config',
      'functions/drill/',
      'loadgen-image/connection/',
      'loadgen-image/contract',
    ],
  },
  { prefix: 'functions/config', mayImport: ['functions/config', 'functions/drill/', 'loadgen-image/contract'] },
  {
    prefix: 'functions/activities/',
    mayImport: [
      'functions/activities/',
      'functions/clients/',
      'functions/config',
      'functions/drill/',
      'functions/checklist/',
      'functions/report/',
      'loadgen-image/contract',
    ],
  },
  {
    prefix: 'functions/orchestrators/',
    mayImport: ['functions/orchestrators/', 'functions/drill/', 'loadgen-image/contract'],
    mayImportTypes: ['functions/activities/'],
  },
  {
    prefix: 'functions/web/',
    mayImport: ['functions/web/', 'functions/report/', 'functions/drill/', 'loadgen-image/contract'],
  },
  {
    prefix: 'functions/triggers/',
    mayImport: [
      'functions/triggers/',
      'functions/clients/',
      'functions/config',
      'functions/drill/',
      'functions/report/',
      'functions/web/',
      'loadgen-image/contract',
    ],
  },
  { prefix: 'functions/', mayImport: ['functions/', 'loadgen-image/contract'] },
  { prefix: 'infra/local/', mayImport: ['infra/local/', 'functions/', 'loadgen-image/'] },
]

const startsWithOneOf = (path: string, prefixes: readonly string[]) => prefixes.some((p) => path.startsWith(p))
const isLocal = (to: string) => startsWithOneOf(to, ['functions/', 'loadgen-image/', 'infra/', 'test/'])

function isAllowed(layer: Layer, imported: Import): boolean {
  if (!isLocal(imported.to)) return !layer.pure || isPurePackage(imported.to)
  if (startsWithOneOf(imported.to, layer.mayImport)) return true
  return imported.typeOnly && startsWithOneOf(imported.to, layer.mayImportTypes ?? [])
}

/** Pure code may compute with libraries, but reach nothing outside. */
const isPurePackage = (name: string) =>
  !startsWithOneOf(name, ['@azure/', 'durable-functions', 'pg', 'fastify']) &&
  (!name.startsWith('node:') || ['node:crypto', 'node:zlib', 'node:stream'].includes(name))

const layerOf = (file: string) => LAYERS.find(({ prefix }) => file.startsWith(prefix)) as Layer

/** Orchestrators replay: what they compute must depend on their history alone. */
const NOT_DETERMINISTIC = /\bDate\.now\b|\bnew Date\(\)|Math\.random|\bprocess\.|setTimeout|\bfetch\(|performance\.now/
const READS_A_CLOCK = /\bDate\.now\b|\bnew Date\(\)|Math\.random|\bprocess\.env|performance\.now/

for (const file of sourceFiles(['loadgen-image', 'functions', 'infra/local'])) {
  const layer = layerOf(file)
  test(`${file} imports only from the layers below it`, () => {
    const upward = importsOf(file).filter((imported) => !isAllowed(layer, imported))
    expect(upward, `${layer.prefix} may import ${layer.mayImport.join(', ')}`).toEqual([])
  })
  if (layer.pure)
    test(`${file} reads no clock, no randomness and no environment`, () =>
      expect(readSource(file)).not.toMatch(READS_A_CLOCK))
  if (layer.prefix === 'functions/orchestrators/')
    test(`${file} is deterministic`, () => expect(readSource(file)).not.toMatch(NOT_DETERMINISTIC))
}

test('durable timers are asked for in one place, which knows that they fire early', () => {
  const askers = sourceFiles(['functions']).filter((file) => /\bcreateTimer\b/.test(readSource(file)))
  expect(askers).toEqual(['functions/orchestrators/pause.ts'])
})

test('an arrow that points upward is found', () => {
  const found = importsOf('functions/drill/x.ts', "import { a } from '../clients/blobs.ts'\nimport 'pg'")
  expect(found.map((imported) => isAllowed(layerOf('functions/drill/x.ts'), imported))).toEqual([false, false])
})

/** pg fills what it is not given from the environment; only this file gives it everything. */
const OWNER_OF_CLIENTS = 'loadgen-image/connection/client.ts'

test('only one file makes clients of pg; all others take its types', () => {
  const takesMore = sourceFiles(['loadgen-image', 'functions', 'infra', 'test']).filter(
    (file) =>
      file !== OWNER_OF_CLIENTS &&
      !file.endsWith('.d.ts') &&
      importsOf(file).some(({ to, typeOnly }) => /^pg(\/|$)/.test(to) && !typeOnly),
  )
  expect(takesMore).toEqual([])
})
