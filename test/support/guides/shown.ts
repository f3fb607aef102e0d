/** The commands that the guides show: those of their shell blocks, as they stand there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

const GUIDES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    name.endsWith('.md') ? [join('docs', name)] : [],
  ),
]

/** The commands of one block, which a reader enters into one shell. */
export interface Block {
  readonly guide: string
  readonly commands: readonly string[]
}

const FENCE = /^ *(```+|~~~+) *(\w*)[^\n]*\n([\s\S]*?)\n *\1 *$/gm
const SHELLS = ['sh', 'bash', 'shell', 'zsh', 'console']

export const blocksIn = (guide: string, text: string): Block[] =>
  [...text.matchAll(FENCE)]
    .filter(([, , language = '']) => SHELLS.includes(language))
    .map(([, , , block = '']) => ({ guide, commands: commandsIn(block) }))

/** A command ends at the end of its line, unless a quote or a backslash continues it. Comments and prompts are none of it. */
function commandsIn(block: string): string[] {
  const commands: string[] = []
  let [command, quote] = ['', '']
  const text = `${block.replaceAll(/\\\n\s*/g, '').replaceAll(/^ *\$ /gm, '')}\n`
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string
    if (quote === '' && letter === '#' && /\s$|^$/.test(command)) at = text.indexOf('\n', at) - 1
    else if (quote === '' && letter === '\n') {
      commands.push(command.trim())
      command = ''
    } else {
      if (letter === quote && text[at - 1] !== '\\') quote = ''
      else if (quote === '' && (letter === '"' || letter === "'")) quote = letter
      command += letter
    }
  }
  return commands.filter((one) => one !== '')
}

export const BLOCKS: readonly Block[] = GUIDES.flatMap((guide) =>
  blocksIn(guide, readFileSync(join(ROOT, guide), 'utf8')),
)

/** Each once, with the guides that show it. */
export const COMMANDS: ReadonlyMap<string, readonly string[]> = new Map(
  [
    ...Map.groupBy(
      BLOCKS.flatMap(({ guide, commands }) => commands.map((command) => ({ guide, command }))),
      ({ command }) => command,
    ),
  ].map(([command, shown]) => [command, shown.map(({ guide }) => guide)]),
)

/** The block that holds this command. */
export function blockWith(command: string): Block {
  const found = BLOCKS.find(({ commands }) => commands.includes(command))
  if (found === undefined) throw new Error(`no guide shows: ${command}`)
  return found
}

/** As a shell would split them; nothing is expanded. */
export const wordsOf = (command: string): string[] =>
  [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, one?: string, other?: string) => one ?? other ?? ''),
  )
