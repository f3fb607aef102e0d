/** Arguments for a batch file on Windows, against a model of the three programs that read them: cmd.exe twice, and the C runtime. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchCommandLine } from '../../../infra/azure/release/decisions/windows-arguments.ts'

const VARIABLES: Readonly<Record<string, string>> = { PATH: 'C:\\Windows', A: 'expanded' }

/** cmd.exe replaces %NAME% first; on a command line it leaves a name that is not set as it is. */
const expanded = (line: string): string =>
  line.replace(/%([^%]+)%/g, (whole, name: string) => VARIABLES[name.toUpperCase()] ?? whole)

/** Then it removes carets, except between quotes, and refuses to see a command's end inside an argument. */
function unescaped(line: string): string {
  let [result, isQuoted] = ['', false]
  for (let i = 0; i < line.length; i += 1) {
    const character = line.charAt(i)
    if (character === '"') isQuoted = !isQuoted
    if (!isQuoted && /[&|<>()]/.test(character)) throw new Error(`cmd.exe sees ${character} at ${i}`)
    if (character !== '^' || isQuoted) result += character
    else {
      i += 1
      result += line.charAt(i)
    }
  }
  return result
}

/** CommandLineToArgvW: 2n backslashes before a quote are n, and 2n + 1 are n and a quote that does not end the argument. */
function splitByRuntime(line: string): string[] {
  const found: string[] = []
  let [own, isOpen, isQuoted] = ['', false, false]
  for (let i = 0; i < line.length; ) {
    const [backslashes = ''] = /^\\*/.exec(line.slice(i)) ?? []
    const next = line.charAt(i + backslashes.length)
    if (next === '"') {
      own += '\\'.repeat(backslashes.length >> 1)
      if (backslashes.length % 2 === 1) own += '"'
      else isQuoted = !isQuoted
      isOpen = true
      i += backslashes.length + 1
    } else if (backslashes !== '') {
      own += backslashes
      isOpen = true
      i += backslashes.length
    } else if (!isQuoted && /[ \t]/.test(next)) {
      if (isOpen) found.push(own)
      ;[own, isOpen] = ['', false]
      i += 1
    } else {
      own += next
      isOpen = true
      i += 1
    }
  }
  return isOpen ? [...found, own] : found
}

/** What az.cmd passes on to Python: `/s` takes the outer quotes away, and `%*` is everything behind the name of the batch file. */
function argumentsOf(commandLine: string): string[] {
  const line = unescaped(expanded(commandLine.slice(1, -1)))
  return splitByRuntime(unescaped(line.slice('az '.length)))
}

describe('an argument arrives as it was given', () => {
  test.each([
    ['acr', 'build', '.'],
    ['--settings', 'LOADGEN_IMAGE=cr.azurecr.io/a/b@sha256:0f'],
    ['--url', '/subscriptions/1?api-version=2022-04-01&$filter=atScopeAndBelow()'],
    ['C:\\Program Files\\main.bicepparam', 'ends with \\'],
    ['a "quoted" word', '"', '\\"', '\\\\'],
    ['%PATH%', '%A%', '100%', '^&|<>', 'x!y', ''],
    ["password='a;b,c=d'", '`tick`', '(paren)', '[0]', '*?'],
  ])('%j %j %j', (...args) => {
    const given = args.filter((arg) => arg !== undefined)
    expect(argumentsOf(batchCommandLine('az', given))).toEqual(given)
  })

  test('with any characters but line breaks', () => {
    const argument = fc
      .array(fc.constantFrom('%A%', ...'abA %^&|<>()[]!"\\\'`;,=*?~$@#{}\t'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 5 }), (args) => {
        expect(argumentsOf(batchCommandLine('az', args))).toEqual(args)
      }),
      { numRuns: 2_000 },
    )
  })
})

test.each(['a\nb', 'a\r', 'a\0'])('%j is refused: it would end the command', (argument) => {
  expect(() => batchCommandLine('az', [argument])).toThrow('line break')
})
