/** The load generator's image, built from its Dockerfile by a real builder, and run. Without a builder it is skipped, and says so. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createImageBuilder } from '../support/image-builder.ts'
import { unless } from '../support/skips.ts'

const DOCKERFILE = 'loadgen-image/Dockerfile'
const IMAGE = 'localhost/loadgen:test'
const BUILD_TIMEOUT_MS = 15 * 60_000
const REMOVAL_TIMEOUT_MS = 2 * 60_000

/** Of the official Node, as the Dockerfile names it. */
function baseImage(): string {
  const text = readFileSync(join(import.meta.dirname, '../..', DOCKERFILE), 'utf8')
  const [, tag] = /\bnode:([\w.-]+)/.exec(text) ?? []
  return `docker.io/library/node:${tag}`
}

/** `npm ci` in the build reads packages from their registry. */
const hasPackages = () => spawnSync('npm', ['ping'], { timeout: 60_000 }).status === 0

const found = createImageBuilder(baseImage())
const why = typeof found === 'string' ? found : hasPackages() ? null : 'the registry of packages does not answer'
const whySkipped = why === null ? null : `the build of the image is not tested: ${why}`
const builder = typeof found === 'string' ? null : found
/** Every layer is a whole file system. */
afterAll(() => builder?.remove(), REMOVAL_TIMEOUT_MS)

test('the image builds, and runs the load generator as a plain user who cannot change it', {
  timeout: BUILD_TIMEOUT_MS,
  ...unless(whySkipped),
}, () => {
  if (builder === null) throw new Error('there is no builder')
  const built = builder.build(DOCKERFILE, IMAGE)
  expect(built.code, built.output.slice(-2_000)).toBe(0)
  const { User, Entrypoint, Env } = builder.config(IMAGE)
  expect([User, Entrypoint]).toEqual(['node', ['node', '/app/main.mjs']])
  expect(Env).toContain('NODE_ENV=production')
  const help = builder.run(IMAGE, [...Entrypoint, '--help'])
  expect(help).toMatchObject({ code: 0, output: expect.stringContaining('POSTGRES_CONNECTION_STRING (required)') })
  const unset = builder.run(IMAGE, Entrypoint)
  expect(unset).toMatchObject({ code: 2, output: expect.stringContaining('POSTGRES_CONNECTION_STRING: missing') })
  const closed = builder.run(IMAGE, [
    'env',
    'POSTGRES_CONNECTION_STRING=postgres://load:p@127.0.0.1:1/drill?sslmode=disable',
    ...Entrypoint,
  ])
  expect(closed.output).toMatch(/127\.0\.0\.1:1/)
  expect(closed.code).not.toBe(0)
  const touch =
    "process.getuid() + ' ' + (() => { try { require('fs').writeFileSync('/app/x', '') } catch (e) { return e.code } })()"
  expect(builder.run(IMAGE, ['node', '-p', touch]).output.trim()).toMatch(/^1000 (EACCES|EROFS|EPERM)$/)
})
