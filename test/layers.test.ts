/** The arrows of the architecture: which folder may import which. README, "Map of the code", names the same folders. */
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { circlesOf, type Import, importsOf, readSource, sourceFiles } from './support/imports.ts'

/**
 * One row per folder, lowest first: a folder imports only folders of earlier rows, and exactly those of its own row.
 * So no arrow points up, folders form no circle, and a permission that is no longer used is removed.
 */
const ROOMS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['loadgen-image/contract', []],
  ['loadgen-image/connection', []],
  ['loadgen-image/schedule', ['loadgen-image/connection', 'loadgen-image/contract']],
  ['loadgen-image/record', ['loadgen-image/connection', 'loadgen-image/contract', 'loadgen-image/schedule']],
  [
    'loadgen-image/send',
    ['loadgen-image/connection', 'loadgen-image/contract', 'loadgen-image/record', 'loadgen-image/schedule'],
  ],
  [
    'loadgen-image/run',
    [
      'loadgen-image/connection',
      'loadgen-image/contract',
      'loadgen-image/record',
      'loadgen-image/schedule',
      'loadgen-image/send',
    ],
  ],
  ['loadgen-image/output', ['loadgen-image/contract']],
  [
    'loadgen-image',
    [
      'loadgen-image/connection',
      'loadgen-image/contract',
      'loadgen-image/output',
      'loadgen-image/run',
      'loadgen-image/schedule',
    ],
  ],
  ['functions/units', []],
  ['functions/platform', []],
  ['functions/model', ['functions/units', 'loadgen-image/contract']],
  ['functions/merge', ['functions/units', 'loadgen-image/contract']],
  ['functions/measurement', ['functions/merge', 'functions/model', 'functions/units', 'loadgen-image/contract']],
  [
    'functions/analysis',
    ['functions/measurement', 'functions/merge', 'functions/model', 'functions/units', 'loadgen-image/contract'],
  ],
  ['functions/event-figures', ['functions/model', 'functions/units']],
  ['functions/criteria', ['functions/event-figures', 'functions/model', 'functions/units', 'loadgen-image/contract']],
  ['functions/live', ['functions/model', 'loadgen-image/contract']],
  ['functions/checklist', ['functions/model', 'functions/units']],
  [
    'functions/request',
    ['functions/criteria', 'functions/live', 'functions/model', 'functions/platform', 'loadgen-image/contract'],
  ],
  [
    'functions/report-model',
    [
      'functions/analysis',
      'functions/criteria',
      'functions/event-figures',
      'functions/measurement',
      'functions/merge',
      'functions/model',
      'functions/units',
      'loadgen-image/contract',
    ],
  ],
  ['functions/render/text', ['functions/model', 'functions/units']],
  ['functions/render/charts/drawing', ['functions/model', 'functions/render/text']],
  [
    'functions/render/charts/panels',
    ['functions/model', 'functions/render/charts/drawing', 'functions/render/text', 'functions/units'],
  ],
  [
    'functions/render/charts',
    [
      'functions/model',
      'functions/render/charts/drawing',
      'functions/render/charts/panels',
      'functions/render/text',
      'functions/units',
    ],
  ],
  [
    'functions/render/html/elements',
    ['functions/event-figures', 'functions/model', 'functions/render/charts/drawing', 'functions/render/text'],
  ],
  [
    'functions/render/html/sections',
    [
      'functions/criteria',
      'functions/event-figures',
      'functions/model',
      'functions/render/charts',
      'functions/render/charts/drawing',
      'functions/render/charts/panels',
      'functions/render/html/elements',
      'functions/render/text',
      'functions/units',
    ],
  ],
  [
    'functions/render/html',
    ['functions/render/html/elements', 'functions/render/html/sections', 'functions/render/text'],
  ],
  [
    'functions/render',
    [
      'functions/criteria',
      'functions/event-figures',
      'functions/model',
      'functions/render/html',
      'functions/render/text',
      'functions/units',
      'loadgen-image/contract',
    ],
  ],
  ['functions/config', ['functions/model', 'functions/platform', 'functions/request', 'loadgen-image/contract']],
  ['functions/clients', ['functions/config', 'functions/model']],
  ['functions/clients/azure', ['functions/clients', 'functions/model', 'functions/platform', 'loadgen-image/contract']],
  [
    'functions/clients/postgres',
    [
      'functions/checklist',
      'functions/clients',
      'functions/config',
      'functions/model',
      'loadgen-image/connection',
      'loadgen-image/contract',
    ],
  ],
  [
    'functions/clients/storage',
    ['functions/clients', 'functions/clients/azure', 'functions/config', 'functions/model'],
  ],
  [
    'functions/activities/records',
    ['functions/clients', 'functions/live', 'functions/merge', 'functions/model', 'loadgen-image/contract'],
  ],
  [
    'functions/activities/failover',
    [
      'functions/activities/records',
      'functions/clients',
      'functions/clients/azure',
      'functions/live',
      'functions/model',
      'loadgen-image/contract',
    ],
  ],
  [
    'functions/activities',
    [
      'functions/activities/failover',
      'functions/activities/records',
      'functions/analysis',
      'functions/checklist',
      'functions/clients',
      'functions/clients/postgres',
      'functions/clients/storage',
      'functions/config',
      'functions/live',
      'functions/model',
      'functions/platform',
      'functions/render',
      'functions/render/text',
      'functions/report-model',
      'functions/units',
      'loadgen-image/contract',
    ],
  ],
  ['functions/orchestrators', ['functions/activities', 'functions/analysis', 'functions/model']],
  [
    'functions/web',
    [
      'functions/model',
      'functions/render/html',
      'functions/render/text',
      'functions/request',
      'functions/units',
      'loadgen-image/contract',
    ],
  ],
  [
    'functions/web/browser/page',
    [
      'functions/model',
      'functions/render/charts/drawing',
      'functions/render/text',
      'functions/request',
      'functions/units',
    ],
  ],
  [
    'functions/web/browser/views',
    [
      'functions/event-figures',
      'functions/model',
      'functions/render/charts',
      'functions/render/html/elements',
      'functions/render/html/sections',
      'functions/render/text',
      'functions/request',
      'functions/units',
      'functions/web',
      'functions/web/browser/page',
    ],
  ],
  ['functions/web/browser', ['functions/web/browser/page', 'functions/web/browser/views']],
  [
    'functions/triggers',
    [
      'functions/clients',
      'functions/clients/storage',
      'functions/live',
      'functions/model',
      'functions/render',
      'functions/render/html',
      'functions/report-model',
      'functions/request',
      'functions/web',
      'loadgen-image/contract',
    ],
  ],
  [
    'functions',
    [
      'functions/activities',
      'functions/clients',
      'functions/clients/azure',
      'functions/clients/postgres',
      'functions/clients/storage',
      'functions/config',
      'functions/orchestrators',
      'functions/triggers',
      'loadgen-image/contract',
    ],
  ],
  [
    'infra/azure',
    [
      'functions/clients/postgres',
      'functions/config',
      'functions/web',
      'loadgen-image/contract',
      'loadgen-image/output',
    ],
  ],
  ['infra/local/process', ['loadgen-image/contract', 'loadgen-image/output']],
  ['infra/local/cluster', ['infra/local/process', 'loadgen-image', 'loadgen-image/connection', 'loadgen-image/output']],
  ['infra/local/azure', ['infra/local/cluster']],
  ['infra/local/functions-host/engine', []],
  ['infra/local/functions-host/timers', ['functions/platform', 'infra/local/functions-host/engine']],
  ['infra/local/functions-host/worker', []],
  [
    'infra/local/functions-host/http',
    ['infra/local/functions-host/engine', 'infra/local/functions-host/timers', 'infra/local/functions-host/worker'],
  ],
  ['infra/local/functions-host/durable', ['infra/local/functions-host/engine', 'infra/local/functions-host/http']],
  [
    'infra/local/functions-host/durable-extension',
    [
      'infra/local/functions-host/durable',
      'infra/local/functions-host/http',
      'infra/local/functions-host/worker',
      'infra/local/process',
    ],
  ],
  [
    'infra/local/functions-host',
    [
      'infra/local/functions-host/durable',
      'infra/local/functions-host/durable-extension',
      'infra/local/functions-host/engine',
      'infra/local/functions-host/http',
      'infra/local/functions-host/timers',
      'infra/local/functions-host/worker',
      'infra/local/process',
    ],
  ],
  [
    'infra/local/stack',
    [
      'functions/clients/postgres',
      'infra/local/azure',
      'infra/local/cluster',
      'infra/local/functions-host/durable-extension',
      'infra/local/functions-host/worker',
      'infra/local/process',
    ],
  ],
  [
    'infra/local/cli',
    [
      'functions/criteria',
      'functions/event-figures',
      'functions/model',
      'functions/request',
      'functions/units',
      'infra/local/cluster',
      'infra/local/process',
      'infra/local/stack',
    ],
  ],
  [
    'infra/local',
    [
      'functions/model',
      'functions/render',
      'functions/render/text',
      'infra/local/cli',
      'infra/local/functions-host/durable-extension',
      'infra/local/process',
      'infra/local/stack',
      'loadgen-image/output',
    ],
  ],
])

/** No SDK, no clock, no files, no environment. */
const PURE = [
  'functions/units',
  'functions/platform',
  'functions/model',
  'functions/merge',
  'functions/measurement',
  'functions/analysis',
  'functions/event-figures',
  'functions/criteria',
  'functions/live',
  'functions/checklist',
  'functions/request',
  'functions/report-model',
  'functions/render',
]

/** Taken for its types only: a step of an orchestration names an activity, and never calls it. */
const TYPES_ONLY: ReadonlyArray<readonly [from: string, to: string]> = [
  ['functions/orchestrators', 'functions/activities'],
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

test('only one file makes clients of pg; all others take its types', () => {
  const takesMore = sourceFiles(['loadgen-image', 'functions', 'infra', 'test']).filter(
    (file) =>
      file !== OWNER_OF_CLIENTS &&
      !file.endsWith('.d.ts') &&
      importsOf(file).some(({ to, typeOnly }) => /^pg(\/|$)/.test(to) && !typeOnly),
  )
  expect(takesMore).toEqual([])
})
