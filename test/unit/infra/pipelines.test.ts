/** The examples of pipelines: they stop unless the verdict is PASS, keep the files of every drill, and show no key. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { DRILL_COMMAND } from '../../../infra/local/cli/drill-options.ts'
import { EXIT_CODES } from '../../../infra/local/cli/drill-result.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface Step {
  readonly run?: string
  readonly script?: string
  readonly uses?: string
  readonly task?: string
  readonly publish?: string
  readonly if?: string
  readonly condition?: string
  readonly env?: Readonly<Record<string, string>>
  readonly inputs?: Readonly<Record<string, unknown>>
}

const FILES = ['docs/pipelines/github-workflow.yml', 'docs/pipelines/azure-pipelines.yml']
const stepsOf = (text: string): Step[] => {
  const { jobs } = parse(text) as { jobs: Record<string, { steps: Step[] }> }
  return Object.values(jobs).flatMap(({ steps }) => steps)
}
const commandOf = ({ run, script }: Step): string => run ?? script ?? ''
const runsDrill = (step: Step) => commandOf(step).includes('npm run drill')

test.each(FILES)('%s runs a drill in the deployed app, with options that exist', (path) => {
  const [drill, ...others] = stepsOf(read(path)).filter(runsDrill)
  const flags = [...commandOf(drill ?? {}).matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag)
  expect(others).toEqual([])
  expect(flags).toContain('app')
  const known = ['app', ...Object.values(DRILL_COMMAND.options).map(({ flag }) => flag)]
  expect(flags.filter((flag) => !known.includes(String(flag)))).toEqual([])
})

test.each(FILES)('nothing in %s lets a drill through that did not pass', (path) => {
  const text = read(path)
  expect(text).not.toMatch(/continue-on-error|continueOnError|\|\||;|set \+e|exit 0/)
  const drill = stepsOf(text).find(runsDrill)
  expect([drill?.if, drill?.condition]).toEqual([undefined, undefined])
})

test.each(FILES)('%s shows and keeps the files also of a drill that failed', (path) => {
  const steps = stepsOf(read(path))
  const after = steps.slice(steps.findIndex(runsDrill) + 1)
  expect(after.length).toBeGreaterThan(1)
  for (const step of after) expect([step, step.if ?? step.condition]).toEqual([step, 'always()'])
})

test.each(FILES)('%s has the key from a secret, in no command', (path) => {
  const steps = stepsOf(read(path))
  expect(steps.find(runsDrill)?.env?.DRILL_FUNCTION_KEY).toMatch(/^\$(\{\{ secrets\.|\()DRILL_FUNCTION_KEY/)
  for (const step of steps) expect(commandOf(step)).not.toContain('DRILL_FUNCTION_KEY')
})

test('the Azure pipeline publishes junit.xml, and fails without one', () => {
  const publish = stepsOf(read(FILES[1] as string)).find(({ task }) => task?.startsWith('PublishTestResults'))
  expect(publish?.inputs).toMatchObject({
    testResultsFormat: 'JUnit',
    testResultsFiles: '**/junit.xml',
    failTaskOnFailedTests: true,
    failTaskOnMissingResultsFile: true,
  })
})

test('docs/pipelines.md has the exit code of every verdict', () => {
  const rows = [...read('docs/pipelines.md').matchAll(/^\| (\d) \| (.*?) \|/gm)].map(([, code, words]) => [code, words])
  for (const [verdict, code] of Object.entries(EXIT_CODES))
    expect([verdict, rows.find(([one]) => one === String(code))?.[1]]).toEqual([
      verdict,
      expect.stringContaining(verdict),
    ])
  expect(rows.map(([code]) => code)).toEqual(['0', '1', '2', '3'])
})
