/**
 * A stand-in for the Azure CLI, for the commands that the guides show to a reader: it knows which options each takes and needs, as
 * the reference of the CLI lists them, and answers with the query applied. A wrong command ends with 2, as the CLI's own parser does.
 *
 *   GUIDE_AZ_ANSWERS='{"keyvault secret show": {"value": "..."}}' node test/support/guides/az.ts keyvault secret show --name x ...
 */
import { existsSync } from 'node:fs'

interface Call {
  readonly needs: readonly string[]
  readonly takes: readonly string[]
}

/** Those that take one value or more. */
const LISTS = ['--parameters', '--app-roles']
const SHORT: Readonly<Record<string, string>> = {
  '-g': '--resource-group',
  '-n': '--name',
  '-o': '--output',
  '-p': '--parameters',
  '-f': '--template-file',
}
const OF_ALL = ['--query', '--output', '--subscription', '--only-show-errors']

const CALLS: Readonly<Record<string, Call>> = {
  'deployment group show': { needs: ['--resource-group', '--name'], takes: [] },
  'deployment group create': {
    needs: ['--resource-group', '--parameters'],
    takes: ['--name', '--template-file', '--mode', '--no-wait'],
  },
  'functionapp keys list': { needs: ['--resource-group', '--name'], takes: ['--slot'] },
  'keyvault secret show': { needs: ['--vault-name', '--name'], takes: ['--version'] },
  'ad app create': {
    needs: ['--display-name'],
    takes: ['--sign-in-audience', '--requested-access-token-version', '--app-roles', '--identifier-uris'],
  },
}

class Wrong extends Error {}

interface Asked {
  readonly call: string
  readonly options: ReadonlyMap<string, readonly string[]>
}

function parse(words: readonly string[]): Asked {
  const first = words.findIndex((word) => word.startsWith('-'))
  const call = words.slice(0, first < 0 ? words.length : first).join(' ')
  const known = CALLS[call]
  if (known === undefined) throw new Wrong(`'${call}' is misspelled or not recognized by the system`)
  const options = new Map<string, string[]>()
  let last = ''
  for (const word of words.slice(call.split(' ').length)) {
    if (word.startsWith('-')) {
      last = SHORT[word] ?? word
      options.set(last, options.get(last) ?? [])
    } else options.get(last)?.push(word)
  }
  for (const [option, values] of options) {
    if (![...known.needs, ...known.takes, ...OF_ALL].includes(option))
      throw new Wrong(`unrecognized argument: ${option}`)
    const isFlag = option === '--no-wait' || option === '--only-show-errors'
    if (values.length !== (isFlag ? 0 : 1) && !(LISTS.includes(option) && values.length > 0))
      throw new Wrong(`argument ${option}: expected ${isFlag ? 'no argument' : 'one argument'}`)
  }
  const missing = known.needs.filter((option) => !options.has(option))
  if (missing.length > 0) throw new Wrong(`the following arguments are required: ${missing.join(', ')}`)
  return { call, options }
}

/** What the CLI itself reads: a list of roles, a file of parameters, and parameters by name. */
function checkValues({ options }: Asked): void {
  const roles = options.get('--app-roles')?.join(' ')
  if (roles !== undefined)
    for (const role of JSON.parse(roles) as Record<string, unknown>[])
      for (const field of ['allowedMemberTypes', 'description', 'displayName', 'id', 'isEnabled', 'value'])
        if (role[field] === undefined) throw new Wrong(`--app-roles: a role has no ${field}`)
  for (const parameter of options.get('--parameters') ?? [])
    if (!/^\w+=/.test(parameter) && !existsSync(parameter))
      throw new Wrong(`--parameters: there is no file ${parameter}`)
}

/** Names with dots between them: the guides need no more of the query language. */
function answered({ call, options }: Asked): string {
  // One of a name wins over that of the call.
  const answers = JSON.parse(process.env.GUIDE_AZ_ANSWERS ?? '{}') as Record<string, unknown>
  let value = answers[`${call} ${options.get('--name')?.[0]}`] ?? answers[call]
  const query = options.get('--query')?.[0]
  if (query !== undefined && !/^[\w.]+$/.test(query)) throw new Wrong(`--query: the stand-in does not know ${query}`)
  for (const name of query?.split('.') ?? []) value = (value as Record<string, unknown> | undefined)?.[name]
  if (query !== undefined && value === undefined) throw new Wrong(`--query: the answer has no ${query}`)
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
}

try {
  const asked = parse(process.argv.slice(2))
  checkValues(asked)
  console.log(answered(asked))
} catch (error) {
  console.error(`ERROR: ${(error as Error).message}`)
  process.exitCode = 2
}
