import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../support/command.ts'
import { aFolder } from '../../support/folder.ts'

/** Runs the check in a process that says it is another Node. */
const asNode = (version: string) => {
  const claim = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const check = `require(${JSON.stringify(join(ROOT, 'infra/require-node.cjs'))}); console.log('goes on')`
  return spawnSync(process.execPath, ['-e', `${claim}; ${check}`], { encoding: 'utf8' })
}

test.each(['16.20.2', '20.19.0', '23.11.1'])('Node %s ends with one message that names the next step', (version) => {
  const { status, stdout, stderr } = asNode(version)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^This is Node \d+\.\d+\.\d+, and Node 24 or newer is needed\. "npm ci" brings it/)
  expect(stderr).not.toContain('    at ')
})

test.each(['24.0.0', '24.21.0', '26.1.0'])('Node %s goes on', (version) => {
  expect(asNode(version)).toMatchObject({ status: 0, stdout: 'goes on\n', stderr: '' })
})

/** As cloned: without packages. Returns what the check says there. */
function checkIn(checkout: string, environment: NodeJS.ProcessEnv = {}) {
  mkdirSync(join(checkout, 'infra'), { recursive: true })
  for (const file of ['package.json', 'infra/require-node.cjs']) copyFileSync(join(ROOT, file), join(checkout, file))
  const env = { ...process.env, NODE_ENV: '', ...environment }
  return spawnSync(process.execPath, [join(checkout, 'infra/require-node.cjs')], { encoding: 'utf8', env })
}

test('a checkout without its packages ends with one message that names them and the command', () => {
  const checkout = aFolder()
  const { status, stderr } = checkIn(checkout)
  expect(status).toBe(2)
  expect(stderr).toMatch(
    /^Packages of this checkout are not installed: @azure\/\S+, @azure\/\S+, @azure\/\S+ and \d+ more\. "npm ci --include=dev" installs them\n$/,
  )
})

test('where NODE_ENV=production left the development packages out, the message says so', () => {
  const checkout = aFolder()
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) mkdirSync(join(checkout, 'node_modules', name), { recursive: true })
  const { status, stderr } = checkIn(checkout, { NODE_ENV: 'production' })
  expect(status).toBe(2)
  expect(stderr).toMatch(/^Packages of this checkout are not installed: @biomejs\/biome, .*NODE_ENV is production/)
})

test('a checkout below a folder named node_modules ends with one message that names it', () => {
  const checkout = join(aFolder(), 'node_modules/pg-failover-drill')
  const { status, stderr } = checkIn(checkout)
  expect(status).toBe(2)
  expect(stderr).toBe(
    `Node runs no TypeScript below a folder named node_modules, where this checkout is: ${checkout}/infra. Move it to another place\n`,
  )
})

test('every npm script that runs TypeScript loads the check first', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const unchecked = Object.values(scripts).filter((script) => /\.ts\b/.test(script))
  for (const script of unchecked) expect(script).toMatch(/^node --require \.\/infra\/require-node\.cjs \S+\.ts/)
  expect(unchecked.length).toBeGreaterThan(5)
})
