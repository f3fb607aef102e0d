/** The load generator's entry point: a container of a drill when the environment names a drill, else a stand-alone run. */
import { ENVIRONMENT } from './contract/glossary.ts'
import { errorText } from './contract/redact.ts'
import { runDrillContainer } from './drill-mode.ts'
import { parseDrillSettings } from './drill-settings.ts'
import { limitHeapGrowth } from './heap.ts'
import { readInvocation } from './options.ts'
import { screen } from './output/screen.ts'
import { runStandalone } from './standalone.ts'

const FAILED = 1
const BAD_CONFIGURATION = 2

limitHeapGrowth()
try {
  process.exitCode = await (process.env[ENVIRONMENT.drillId] ? drill() : standalone())
} catch (error) {
  process.exitCode = FAILED
  process.stderr.write(`The load generator failed: ${errorText(error)}\n`)
}

function drill(): Promise<number> | number {
  const parsed = parseDrillSettings(process.env)
  return 'value' in parsed ? runDrillContainer(parsed.value) : refuse(parsed.problems)
}

function standalone(): Promise<number> | number {
  const invocation = readInvocation(process.argv.slice(2), process.env, new Date())
  if (invocation.kind === 'bad') return refuse(invocation.problems)
  if (invocation.kind === 'run') return runStandalone(invocation.options)
  screen.show(invocation.text.trimEnd())
  return 0
}

function refuse(problems: readonly string[]): number {
  process.stderr.write(`The load generator cannot start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
  return BAD_CONFIGURATION
}
