/** Files that tools read by their names: host.json, the Dockerfile, azure.yaml and the ignore lists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { baseImage } from '../../../infra/azure/release/image.ts'
import { HEAP_ENVIRONMENT } from '../../../loadgen-image/heap.ts'
import { importsOf } from '../../support/imports.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8')
const manifest = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

// ---- host.json ------------------------------------------------------------------------------------------------------

interface HostJson {
  readonly functionTimeout: string
  readonly logging: {
    readonly applicationInsights: { readonly samplingSettings: { readonly excludedTypes: string } }
  }
  readonly extensions: {
    readonly durableTask: {
      readonly hubName: string
      readonly storageProvider: { readonly maxQueuePollingInterval: string }
    }
  }
}
const host = JSON.parse(read('host.json')) as HostJson
const secondsOf = (span: string) => span.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

test('host.json polls its queues at least every ten seconds, as Flex Consumption requires', () => {
  const seconds = secondsOf(host.extensions.durableTask.storageProvider.maxQueuePollingInterval)
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(10)
})

test('no alert waits for a line that host.json leaves out: orchestrators and polls write none of their own', () => {
  const orchestrators = readdirSync(join(ROOT, 'functions/orchestrators')).map(
    (file) => `functions/orchestrators/${file}`,
  )
  const polls = ['functions/activities/watch.ts', 'functions/activities/start-load.ts']
  for (const file of [...orchestrators, ...polls]) expect(read(file)).not.toContain('.log(')
})

// The scale controller of Flex Consumption reads the hub from this file alone, so the name of each deployment's hub must be in it.
test('host.json names the task hub by an app setting, which the template and the local stack set', () => {
  expect(host.extensions.durableTask.hubName).toBe('%DRILL_TASK_HUB%')
  expect(read('infra/azure/functions.bicep')).toContain('DRILL_TASK_HUB: hubName')
  expect(read('infra/local/stack/stack.ts')).toMatch(/DRILL_TASK_HUB: '[A-Za-z][A-Za-z0-9]{2,44}'/)
})

test('host.json keeps every log line: alerts wait for one line per drill, and sampling could drop it', () => {
  expect(host.logging.applicationInsights.samplingSettings.excludedTypes.split(';')).toContain('Trace')
})

test('host.json ends a function before the 30 minutes of the plan', () => {
  expect(secondsOf(host.functionTimeout)).toBeLessThanOrEqual(30 * 60)
})

// ---- Image ----------------------------------------------------------------------------------------------------------

const dockerfile = read('loadgen-image/Dockerfile')
const stages = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\w+))?$/gm)].map(([, image, name]) => ({ image, name }))
const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))

test('the image is built and runs on the Node that the tests run on, with room for its digest', () => {
  expect(baseImage(dockerfile)).toBe(`node:${manifest.devDependencies.node}-bookworm-slim`)
  const image = `\${BASE_IMAGE}`
  expect(stages).toEqual([
    { image, name: 'build' },
    { image, name: undefined },
  ])
})

test('the image runs as an unprivileged user, gets signals itself, and installs nothing', () => {
  expect(lastStage).toMatch(/^USER node$/m)
  expect(lastStage).toMatch(/^ENTRYPOINT \["node", "\/app\/main\.mjs"\]$/m)
  expect(lastStage).not.toMatch(/^RUN /m)
})

test('the image sets what keeps the memory of the load generator flat', () => {
  for (const [name, value] of Object.entries(HEAP_ENVIRONMENT))
    expect(lastStage.split('\n')).toContain(`ENV ${name}=${value}`)
})

/** What the builder gets, and what the build imports, as paths from the repository's root. */
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files]) => (files ?? '').split(' '))
function importedBy(entry: string): string[] {
  const files = [entry]
  for (const file of files)
    files.push(
      ...importsOf(file)
        .map(({ to }) => to)
        .filter((to) => to.endsWith('.ts') && !files.includes(to)),
    )
  return files
}

test('what the image copies exists, and the builder gets it', () => {
  const letThrough = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  expect(copied.filter((file) => !existsSync(join(ROOT, file)) || !letThrough.includes(file))).toEqual([])
})

test('the image copies every file that bundling its program imports', () => {
  const needed = importedBy('infra/azure/bundle-loadgen.ts')
  expect(needed).toContain('infra/azure/bundle.ts')
  expect(needed.filter((file) => !copied.some((path) => file === path || file.startsWith(`${path}/`)))).toEqual([])
})

// ---- azd and the tools ----------------------------------------------------------------------------------------------

const azd = read('azure.yaml')

test('azure.yaml points at the template and at the package', () => {
  expect(azd).toMatch(/^ {2}path: infra\/azure$/m)
  expect(azd).toMatch(/^ {4}dist: dist\/package\/app$/m)
})

test('azure.yaml names the service that the template tags its app with', () => {
  const [, service] = /^services:\n {2}(\w+):$/m.exec(azd) ?? []
  expect(read('infra/azure/functions.bicep')).toContain(`'azd-service-name': '${service}'`)
})

test('.funcignore leaves out no file of the package', () => {
  const ignored = read('.funcignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(
    ignored.filter((line) =>
      ['dist', 'dist/functions', 'dist/loadgen-image', 'host.json', 'node_modules', 'package.json'].includes(line),
    ),
  ).toEqual([])
  for (const folder of [
    'functions',
    'infra',
    'loadgen-image',
    'test',
    'runs',
    'dist/test',
    'dist/infra',
    'local.settings.json',
  ])
    expect(ignored).toContain(folder)
})

// ---- Prices ---------------------------------------------------------------------------------------------------------

const prices = JSON.parse(read('infra/azure/prices.json')) as {
  readonly regions: Readonly<
    Record<string, Readonly<Record<'perVCpuHour' | 'perGbHour' | 'perVCpuSecond' | 'perGbSecond' | 'readOn', string>>>
  >
}

test.each(Object.entries(prices.regions))(
  'the prices of %s per second are those per hour, and say when they were read',
  (_, row) => {
    expect(Number(row.perVCpuSecond) * 3600).toBeCloseTo(Number(row.perVCpuHour), 4)
    expect(Number(row.perGbSecond) * 3600).toBeCloseTo(Number(row.perGbHour), 4)
    expect(row.readOn).toMatch(/^20\d\d-\d\d-\d\d$/)
  },
)
