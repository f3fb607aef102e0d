/**
 * Compiles and lints every template, and evaluates every combination of parameters that matters: those that work, and those that must
 * be refused before anything is created. `bicep` reports wrong types as warnings and exits with 0, so any diagnostic line is a failure
 * here. Without a compiler the check is skipped; one line says so.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runTool } from '../local/process/command-line.ts'
import { type Bicep, findBicep } from './bicep.ts'
import { COMBINATIONS, REFUSED } from './combinations.ts'
import { type Parameters, snapshotOf, snapshotsOf } from './snapshot.ts'

export const TEMPLATES = import.meta.dirname

type FoundBicep = Extract<Bicep, { kind: 'found' }>

/** The compiler's diagnostics of one file, line by line. */
export async function diagnosticsOf(bicep: FoundBicep, file: string): Promise<string[]> {
  const verb = file.endsWith('.bicepparam') ? 'build-params' : 'build'
  const { code, stderr } = await bicep.run([verb, file, '--stdout'])
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return code !== 0 && lines.length === 0 ? [`${file}: the compiler ended with code ${code}`] : lines
}

/**
 * Templates that no other template uses as a module or imports. Compiling a root compiles every module below it; a module that no
 * template uses is a root too.
 */
export async function rootTemplates(folder = TEMPLATES): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /\.bicep(param)?$/.test(name))
  const sources = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  const used = new Set(
    sources.flatMap((source) => [...source.matchAll(/(?:^module \S+|from) '([^']+)'/gm)].map(([, file]) => file)),
  )
  return names.filter((name) => !used.has(name)).map((name) => join(folder, name))
}

/** What is wrong with the combinations, line by line. */
export async function problemsOfCombinations(bicep: FoundBicep): Promise<string[]> {
  const problems = await snapshotsOf(bicep, COMBINATIONS).then(
    ({ diagnostics }) => [...diagnostics],
    () => culprits(bicep),
  )
  for (const { parameters, says } of REFUSED) {
    const refusal = await refusalOf(bicep, parameters)
    for (const text of says)
      if (!refusal.includes(text)) problems.push(`${JSON.stringify(parameters)} is not refused with: ${text}`)
  }
  return problems
}

/** One by one: the failure of all together names none of them. */
async function culprits(bicep: FoundBicep): Promise<string[]> {
  const problems: string[] = []
  for (const [name, parameters] of Object.entries(COMBINATIONS)) {
    const text = await refusalOf(bicep, parameters)
    if (text !== '') problems.push(`the combination ${name} does not work: ${text}`)
  }
  return problems
}

/** Empty: not refused. */
const refusalOf = (bicep: FoundBicep, parameters: Parameters): Promise<string> =>
  snapshotOf(bicep, parameters).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

async function check(): Promise<number> {
  const bicep = await findBicep()
  if (bicep.kind === 'missing') {
    console.log(`Templates: not checked, because ${bicep.why}.`)
    return 0
  }
  const files = await rootTemplates()
  const diagnostics = new Set<string>()
  for (const file of files) for (const line of await diagnosticsOf(bicep, file)) diagnostics.add(line)
  for (const line of await problemsOfCombinations(bicep)) diagnostics.add(line)
  for (const line of diagnostics) console.error(line)
  const combinations = `${Object.keys(COMBINATIONS).length} combinations of parameters evaluated, ${REFUSED.length} refused`
  console.log(
    `Templates: ${files.map((file) => basename(file)).join(', ')} compiled with ${bicep.path}, ${combinations}, ${diagnostics.size} diagnostics.`,
  )
  return diagnostics.size === 0 ? 0 : 1
}

const COMMAND = {
  command: 'npm run check:templates --',
  about: 'Compiles and lints every Bicep template, and evaluates the combinations of parameters that matter.',
  options: {},
} as const

if (import.meta.main) await runTool(COMMAND, check)
