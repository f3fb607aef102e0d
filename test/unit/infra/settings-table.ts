/** The table of settings as docs/azure.md shows it. */
import type { Setting } from '../../../functions/config/settings.ts'

export function settingsTable(settings: readonly Setting[]): string {
  const rows = settings
    .filter(({ where }) => where === 'azure')
    .map((setting) => `| ${cellsOf(setting).join(' | ')} |\n`)
  return `| Setting | Without it | What it is |\n|---|---|---|\n${rows.join('')}`
}

const cellsOf = ({ name, meaning, required, default: fallback, secret }: Setting): string[] => [
  `\`${name}\``,
  required ? 'the app does not start' : fallback === null ? '-' : `\`${fallback}\``,
  `${secret ? 'Secret. ' : ''}${meaning.replaceAll('|', '\\|').replaceAll('<', '&lt;')}`,
]
