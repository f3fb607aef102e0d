/**
 * Migrates a database for drills: the tables, the key columns of the ledger, the rows that the load refers to, and the load's role
 * with its grants.
 *
 *   npm run migrate               lists the steps, and changes nothing
 *   npm run migrate -- --yes      does them, all or nothing
 *   npm run migrate -- --target NAME    of one of several servers (DRILL_TARGETS)
 *
 * Reads the app's own settings from the environment (POSTGRES_*, LOADGEN_POSTGRES_*, LOADGEN_IDENTITY_PRINCIPAL_ID, AZURE_CLIENT_ID). When only the app can reach
 * the database, a drill with "migrate": true migrates it. Exit: 0 listed or done; 2 could not.
 */
import { DefaultAzureCredential } from '@azure/identity'
import * as z from 'zod'
import { type ConnectionSettings, hostOf, portOf, sqlErrorText } from '../../functions/clients/postgres/connection.ts'
import { migrate, pendingMigration } from '../../functions/clients/postgres/migration.ts'
import { readDatabaseConfig } from '../../functions/config/config.ts'
import { runTool } from '../local/process/command-line.ts'
import { CannotRun } from '../local/process/problem.ts'

const DO_IT = 'npm run migrate -- --yes'
const COMMAND = {
  command: 'npm run migrate --',
  about: "Lists what a migration of the drill's database would do; with --yes, does it.",
  options: {
    yes: { flag: 'yes', help: 'do it, all or nothing' },
    target: {
      flag: 'target',
      value: 'NAME',
      schema: z.string().min(1, { error: 'the name of an entry of DRILL_TARGETS' }),
      help: 'which of the servers in DRILL_TARGETS',
    },
  },
  closing: `Settings: POSTGRES_SERVER, POSTGRES_DATABASE, POSTGRES_USER, POSTGRES_PASSWORD, and for the load's own role
LOADGEN_POSTGRES_USER with LOADGEN_POSTGRES_PASSWORD or LOADGEN_IDENTITY_PRINCIPAL_ID, as in docs/azure.md.`,
} as const

function settingsOf(environment: NodeJS.ProcessEnv, name: string | null): ConnectionSettings {
  const { postgres, identityClientId } = readDatabaseConfig(environment, name)
  const options = identityClientId === null ? {} : { managedIdentityClientId: identityClientId }
  const app = new DefaultAzureCredential(options)
  return { postgres, credentials: { app, load: app } }
}

async function run(isConfirmed: boolean, name: string | null): Promise<void> {
  const settings = settingsOf(process.env, name)
  const { target } = settings.postgres
  console.log(placeOf(settings))
  const pending = await pendingMigration(settings, target)
  if (pending.length === 0) return console.log('Nothing to do: everything that a drill needs is there.')
  if (isConfirmed) return list('Done', await migrate(settings, target))
  list('Would be done', pending)
  console.log(`Nothing was changed. To do it: ${DO_IT}`)
}

function placeOf({ postgres }: ConnectionSettings): string {
  const { server, database } = postgres.target
  return `Database ${database} on ${server} (${hostOf(postgres, server)}:${portOf(postgres, 'direct')}), as ${postgres.app.user}`
}

function list(heading: string, steps: readonly string[]): void {
  console.log(`${heading}:`)
  for (const step of steps) console.log(`  ${step}`)
}

/** With the server's own error on a second line. */
function explained(error: unknown): CannotRun {
  const cause = error instanceof Error && error.cause !== undefined ? `\n  ${sqlErrorText(error.cause)}` : ''
  return new CannotRun(`migrate: ${error instanceof Error ? error.message : String(error)}${cause}`)
}

if (import.meta.main)
  await runTool(COMMAND, async ({ options }) => {
    await run(options.yes, options.target).catch((error: unknown) => {
      throw explained(error)
    })
    return 0
  })
