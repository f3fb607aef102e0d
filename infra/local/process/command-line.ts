/**
 * The command lines of infra. One table of options per command gives parsing, the help, and one message that names every problem.
 * A message repeats numbers, but never a text, which may be a secret that was meant for another option.
 */
import { parseArgs } from 'node:util'
import type * as z from 'zod'
import { problemsOf } from '../../../loadgen-image/contract/fields.ts'
import { CannotRun, wordsOf } from './problem.ts'

interface Option {
  /** As it is typed, without the dashes. */
  readonly flag: string
  readonly help: string
  /** Of the part of the help in which it stands; missing: it stands in the first. */
  readonly heading?: string
  /** What the help calls its value; missing: a switch, which takes none. */
  readonly value?: string
  /** Missing: an option that is not given is null. */
  readonly default?: string
  /** Of the text that was given last; of the list of all texts when the option is repeatable. */
  readonly schema?: z.ZodType
  readonly isRepeatable?: true
}

type Options = Readonly<Record<string, Option>>

export interface CommandLine<Own extends Options = Options> {
  /** What is typed in front of the options. */
  readonly command: string
  readonly about: string
  readonly options: Own
  /** What the help calls the arguments outside of options; missing: there are none. */
  readonly operands?: string
  readonly closing?: string
}

type ValueOf<Own extends Option> = Own extends { readonly schema: z.ZodType<infer Value> }
  ? Own extends { readonly default: string } | { readonly isRepeatable: true }
    ? Value
    : Value | null
  : boolean

export type OptionsOf<Line> =
  Line extends CommandLine<infer Own> ? { readonly [Name in keyof Own]: ValueOf<Own[Name]> } : never

export interface Given<Line> {
  readonly options: OptionsOf<Line>
  readonly operands: readonly string[]
  /** The options that were typed. */
  readonly named: ReadonlySet<string>
}

/** 'help' when that is asked for. Throws CannotRun with every problem. `between`: those of options that were typed together. */
export function parseCommandLine<Own extends Options>(
  line: CommandLine<Own>,
  args: readonly string[],
  between: (named: ReadonlySet<string>) => readonly string[] = () => [],
): Given<CommandLine<Own>> | 'help' {
  const problems: string[] = []
  const { texts, operands } = readTokens(line, args, problems)
  if (texts.has(HELP.flag)) return 'help'
  const values = Object.entries(line.options).map(([name, option]) => [
    name,
    readOption(option, texts.get(option.flag) ?? [], problems),
  ])
  const named = new Set(Object.entries(line.options).flatMap(([name, { flag }]) => (texts.has(flag) ? [name] : [])))
  requireNone(line, [...problems, ...between(named)])
  return { options: Object.fromEntries(values) as OptionsOf<CommandLine<Own>>, operands, named }
}

export function requireNone(line: CommandLine, problems: readonly string[]): void {
  if (problems.length === 0) return
  const listed = problems.map((problem) => `  ${problem}\n`).join('')
  throw new CannotRun(`${listed}Nothing was started. "${line.command} --help" lists the options`)
}

/** By tokens and not strictly, because strict parsing stops at the first problem. */
function readTokens(line: CommandLine, args: readonly string[], problems: string[]) {
  const known = [...Object.values(line.options), HELP]
  const types = known.map(({ flag, value }) => [flag, { type: value === undefined ? 'boolean' : 'string' }] as const)
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts = new Map<string, string[]>()
  const operands: string[] = []
  let isAfterUnknown = false
  for (const token of tokens) {
    const option = token.kind === 'option' ? known.find(({ flag }) => flag === token.name) : undefined
    if (token.kind === 'option') {
      const problem = option === undefined ? unknownOption(known, token.rawName) : problemOf(option, token.value)
      if (problem !== null) problems.push(problem)
      else texts.set(token.name, [...(texts.get(token.name) ?? []), token.value ?? ''])
    }
    // What follows an unknown option was meant as its value.
    if (token.kind === 'positional' && !isAfterUnknown) {
      if (line.operands === undefined) problems.push(`argument ${token.index + 1} is unexpected: options begin with --`)
      else operands.push(token.value)
    }
    isAfterUnknown = token.kind === 'option' && option === undefined
  }
  return { texts, operands }
}

function problemOf({ flag, value }: Option, text: string | undefined): string | null {
  if (value === undefined) return text === undefined ? null : `--${flag} takes no value`
  // "--out --keep" would otherwise make a folder named --keep.
  return text === undefined || text.startsWith('--') ? `--${flag} needs a value (${value})` : null
}

/** A longer word that resembles no option may be a secret that was pasted in its place. */
const MAX_REPEATED = 5

function unknownOption(known: readonly Option[], rawName: string): string {
  const name = rawName.replace(/^-+/, '')
  const close = known.find(({ flag }) => name.length > 1 && isClose(flag, name))
  const isNearlyKnown = close !== undefined && name.length <= close.flag.length + MAX_REPEATED
  const shown = /^[a-z-]+$/.test(name) && (isNearlyKnown || name.length <= MAX_REPEATED) ? ` "${name}"` : ''
  return `unknown option${shown}${close === undefined ? '' : `; did you mean --${close.flag}?`}`
}

/** Cut short, run on, or with letters swapped. */
const isClose = (flag: string, typed: string): boolean =>
  flag.startsWith(typed) || typed.startsWith(flag) || sorted(flag) === sorted(typed)

const sorted = (word: string): string => [...word].sort().join('')

function readOption(option: Option, texts: readonly string[], problems: string[]): unknown {
  const { flag, schema, isRepeatable = false, default: standard } = option
  if (schema === undefined) return texts.length > 0
  const text = texts.at(-1) ?? standard
  if (text === undefined && !isRepeatable) return null
  const parsed = schema.safeParse(isRepeatable ? texts : text, { reportInput: true })
  if (parsed.success) return parsed.data
  const nameOf = ([index]: readonly PropertyKey[]) =>
    `--${flag}${index === undefined ? '' : `, number ${Number(index) + 1}`}`
  problems.push(...problemsOf(parsed.error, nameOf))
  return null
}

/** For a number's schema: what is no plain number stays a text, which the schema refuses. */
export const plainNumber = (text: unknown): unknown =>
  typeof text === 'string' && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text

// ---- Help -------------------------------------------------------------------------------------------------------------

const HELP: Option = { flag: 'help', help: 'this text' }

export function helpOf({ command, operands, about, options, closing }: CommandLine): string {
  const usage = [command, operands, '[options]'].filter(Boolean).join(' ')
  const groups = Map.groupBy([...Object.values(options), HELP], ({ heading }) => heading ?? '')
  const parts = [...groups].map(([heading, own]) =>
    [...(heading === '' ? [] : [`${heading}:`]), ...own.map(helpLine)].join('\n'),
  )
  return [usage, about, ...parts, closing].filter(Boolean).join('\n\n').concat('\n')
}

const HELP_COLUMN = 28

function helpLine({ flag, value, help, default: standard }: Option): string {
  const left = `  --${flag}${value === undefined ? '' : ` ${value}`}`
  const indent = left.length < HELP_COLUMN ? left.padEnd(HELP_COLUMN) : `${left}\n${' '.repeat(HELP_COLUMN)}`
  return `${indent}${help}${standard ? ` (default ${standard})` : ''}`
}

// ---- Tools ------------------------------------------------------------------------------------------------------------

const EXIT_CANNOT_RUN = 2

/** A short command to its end, with the exit code that it returns; after an error one message, and exit code 2. */
export async function runTool<Own extends Options>(
  line: CommandLine<Own>,
  main: (given: Given<CommandLine<Own>>) => Promise<number> | number,
): Promise<void> {
  try {
    const given = parseCommandLine(line, process.argv.slice(2))
    if (given === 'help') process.stdout.write(helpOf(line))
    else process.exitCode = await main(given)
  } catch (error) {
    console.error(wordsOf(error))
    process.exitCode = EXIT_CANNOT_RUN
  }
}
