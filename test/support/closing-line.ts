/**
 * Ends every test run with one plain line that people and scripts can read without colours: `N passed, N failed`, and how deep the
 * run went. Before it, every test that passed only at its second try, and why tests were skipped: each reason with their number.
 */
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'
import { depthInWords } from './depth.ts'
import './skips.ts'

export default class ClosingLine implements Reporter {
  #withoutReason: (test: TestCase) => string = ({ fullName }) => `no reason is given for ${fullName}`

  onInit({ config }: Vitest): void {
    if (config.testNamePattern !== undefined) this.#withoutReason = () => OTHER_NAMES
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const brokenModules = modules.filter((module) => module.errors().length > 0).length
    const failed = count('failed') + brokenModules + errors.length
    const skipped = count('skipped')
    for (const test of tests.filter(neededASecondTry))
      console.log(`\npassed at its second try: ${test.fullName}; the first: ${firstErrorOf(test)}`)
    for (const line of skipLines(tests, this.#withoutReason)) console.log(`\n${line}`)
    console.log(
      `\n${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''} (${depthInWords})`,
    )
  }
}

const neededASecondTry = (test: TestCase): boolean => test.diagnostic()?.flaky ?? false

const firstErrorOf = (test: TestCase): string => test.result().errors?.[0]?.message ?? 'no error was kept'

function skipLines(tests: readonly TestCase[], withoutReason: (test: TestCase) => string): string[] {
  const reasons = Map.groupBy(tests.filter(isSkipped), (test) => reasonOfSkip(test) ?? withoutReason(test))
  return [...reasons].map(([reason, { length }]) => `${length} skipped: ${reason}`)
}

const isSkipped = (test: TestCase): boolean => test.result().state === 'skipped'

/** Given with the options of the test, or of its suite, or while it ran. */
function reasonOfSkip(test: TestCase): string | null {
  const result = test.result()
  const noted = result.state === 'skipped' ? result.note : undefined
  return noted ?? test.meta().whySkipped ?? (isCutOff(test) ? CUT_OFF : null)
}

const OTHER_NAMES = 'the command names other tests'
const CUT_OFF = 'what their file prepares for them failed'

function isCutOff(test: TestCase): boolean {
  for (let at: TestCase['parent'] | TestModule = test.parent; ; at = at.parent) {
    if (at.errors().length > 0) return true
    if (at.type === 'module') return false
  }
}
