/** The last lines of a run of the tests, as the runner prints them. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../support/command.ts'
import { aFolder } from '../../support/folder.ts'

/** Runs the tests of one file, which imports from this repository. */
function closingLinesOf(tests: string, ...more: readonly string[]): string {
  const folder = aFolder()
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {}')
  writeFileSync(
    join(folder, 'some.test.ts'),
    `import { beforeAll, describe, test } from '${join(ROOT, 'node_modules/vitest/dist/index.js')}'
import { unless } from '${join(ROOT, 'test/support/skips.ts')}'
${tests}`,
  )
  const args = ['run', '--root', folder, '--reporter', join(ROOT, 'test/support/closing-line.ts'), ...more]
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
    encoding: 'utf8',
    cwd: ROOT,
    env: { ...process.env, TEST_DEPTH: 'all', VITEST: undefined, NO_COLOR: '1' },
  })
  return stdout.trim() === '' ? stderr : stdout
}

test('each reason for which tests were skipped is said once with their number, and a test without one is named', () => {
  const lines = closingLinesOf(`
    describe('templates', unless('there is no compiler'), () => {
      test('one', () => {})
      describe('inner', () => test('two', () => {}))
    })
    test('three', { timeout: 5, ...unless('there is no builder') }, () => {})
    test('four', ({ skip }) => skip('no disk can be mounted'))
    test.skip('five', () => {})
    test('six', unless(null), () => {})
  `)
  expect(lines.split('\n').filter((line) => line !== '')).toEqual([
    '2 skipped: there is no compiler',
    '1 skipped: there is no builder',
    '1 skipped: no disk can be mounted',
    expect.stringMatching(/^1 skipped: no reason is given for .*five$/),
    '1 passed, 0 failed, 5 skipped (everything)',
  ])
})

test('tests that the command does not name are no tests without a reason', () => {
  const lines = closingLinesOf("test('one', () => {}); test('two', () => {}); test('three', () => {})", '-t', 'two')
  expect(lines).toContain('2 skipped: the command names other tests\n')
  expect(lines).toContain('1 passed, 0 failed, 2 skipped')
})

test('tests of a file whose preparation failed are no tests without a reason', () => {
  const lines = closingLinesOf(`
    describe('outer', () => {
      beforeAll(() => { throw new Error('no server') })
      test('one', () => {})
      describe('inner', () => test('two', () => {}))
    })
  `)
  expect(lines).toContain('2 skipped: what their file prepares for them failed\n')
  expect(lines).not.toContain('no reason is given')
})

const WITHOUT_A_REASON = /\.(skipIf|runIf)\(|\bskip\(\s*\)|\b(test|describe)\.(skip|todo)\(/

test('no test of this repository is skipped without a reason', () => {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('closing-line.test.ts'),
  )
  const found = files.filter((file) => WITHOUT_A_REASON.test(readFileSync(join(ROOT, 'test', file), 'utf8')))
  expect(files.length).toBeGreaterThan(200)
  expect(found).toEqual([])
})

test("colours and language of the caller's shell reach neither a test nor what it starts", () => {
  expect(process.env).toMatchObject({ FORCE_COLOR: '0', LC_ALL: 'C' })
  const script = "process.stdout.write(require('node:util').styleText('red', 'x', { stream: process.stdout }))"
  const ran = spawnSync('bash', ['-c', `exec ${process.execPath} -e "$1"`, 'bash', script], { encoding: 'utf8' })
  expect({ stdout: ran.stdout, stderr: ran.stderr }).toEqual({ stdout: 'x', stderr: '' })
})
