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

test('a checkout below a folder named node_modules ends with one message that names it', () => {
  const checkout = join(aFolder(), 'node_modules/pg-failover-drill')
  mkdirSync(join(checkout, 'infra'), { recursive: true })
  for (const file of ['package.json', 'infra/require-node.cjs']) copyFileSync(join(ROOT, file), join(checkout, file))
  const { status, stderr } = spawnSync(process.execPath, [join(checkout, 'infra/require-node.cjs')], {
    encoding: 'utf8',
  })
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
