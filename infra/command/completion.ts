/** Scripts with which bash and zsh complete the commands and options, made of their tables. */
import { BEFORE_CHECK_IDS } from '../../functions/checklist/before.ts'
import type { CommandLine } from '../local/process/command-line.ts'
import { COMMANDS, type Shell } from './commands.ts'

/** Words that stand behind an option. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--force': BEFORE_CHECK_IDS,
  '--failover-mode': ['forced', 'planned', 'none'],
  '--arrivals': ['even', 'poisson'],
  '--on-deadline': ['shed', 'queue'],
  '--transactions': ['ledger', 'compat'],
  '--retry-unknown': ['true', 'false'],
  '--replication': ['sync', 'async'],
  '--scaling': ['switch', 'in-place'],
  '--host': ['local', 'durable', 'functions'],
}
/** Files and folders stand behind these. */
const PATHS = ['--out', '--request', '--package', '--loadgen']

const flagsOf = (line: CommandLine): string =>
  [...Object.values(line.options).map(({ flag }) => `--${flag}`), '--help'].join(' ')

const cases = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([pattern, action]) => `    ${pattern}) ${action} ;;`).join('\n')

const BASH = `_pg_failover_drill() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=
  case $prev in
${cases(Object.entries(VALUES).map(([flag, values]) => [flag, `COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$cur")); return`]))}
${cases([[PATHS.join('|'), 'COMPREPLY=($(compgen -f -- "$cur")); return']])}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${[...Object.keys(COMMANDS), '--help'].join(' ')}"
  else case $command in
${cases(Object.entries(COMMANDS).map(([name, { line }]) => [name, `words="${name === 'completion' ? 'bash zsh' : flagsOf(line)}"`]))}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _pg_failover_drill pg-failover-drill
`

/** zsh runs the script of bash. */
const ZSH = `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${BASH}`

export const completion = (shell: Shell): string => (shell === 'bash' ? BASH : ZSH)
