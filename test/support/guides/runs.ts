/** Which test runs each command that the guides show, what it runs in place of it and why; and which no test can run. */
import { COMMANDS, wordsOf } from './shown.ts'

/** What the guide shows, what the test runs in its place, and why. An empty first text: it is added. {name}: a value of the test. */
type Substitution = readonly [shown: string, instead: string, why: string]

/** `by` runs it, or, with `why`, checks it without running it. */
export interface Run {
  readonly by: string
  readonly instead?: readonly Substitution[]
  readonly why?: string
  /** It is run with the other commands of its block, by this one. */
  readonly block?: string
}

const COMMAND_TEST = 'test/e2e/guides.test.ts'
const AZURE_TEST = 'test/unit/infra/guide-azure.test.ts'

const APP: Substitution = [
  'https://func-drill.azurewebsites.net',
  'http://127.0.0.1:{port}',
  'the app of npm start stands for a deployed one',
]
const APP_BY_NAME: Substitution = ['https://$APP.azurewebsites.net', 'http://127.0.0.1:{port}', APP[2]]
const SECOND: Substitution = ['billing', 'pg-local-2', 'the second server of npm start']
const ID: Substitution = ['20260102-030405-0a1b2c', '{id}', 'the drill of the test']
const VAULT: Substitution = ['<vault>', 'kv-drill', 'a stand-in for the Azure CLI answers']
const FOLDER: Substitution = ['<drill-id>', '{id}', 'the drill of the test']
const SHARED_APP: Substitution = ['', ' --app http://127.0.0.1:{port}', 'one stack for all drills of the test']
const LIGHT: Substitution = [
  '',
  ' --target-tps 60 --workers 4 --warmup-seconds 2 --min-baseline-seconds 3 --watch-interval-seconds 1 --audit-pause-seconds 0 --late-metrics-seconds 0 --cooldown-minutes 0 --force server-sku --force storage-iops',
  'two cores that are shared, and a minute instead of an hour',
]
const OPTIONS_OF_TEST: Substitution = [
  '',
  '',
  'the test adds its own load, a tenth as much for half as long, and objectives that a shared machine can promise',
]
const INSTALLED: Substitution = ['npm ci && ', '', 'npm ci is what made the modules that this test runs on']

const MIGRATION = 'npm run migrate -- --yes'
const here = (...instead: Substitution[]): Run => ({ by: COMMAND_TEST, instead })
const drillOf = (by: string, ...instead: Substitution[]): Run => ({ by, instead: [OPTIONS_OF_TEST, ...instead] })
const azure = (why: string, ...instead: Substitution[]): Run => ({ by: AZURE_TEST, why, instead })
/** It needs no test: it is a part of the run of the tests. */
const ofTheRun = (why: string): Run => ({ by: '.ci/run', why })

const NO_SUBSCRIPTION = 'it needs a subscription: it runs against a stand-in for the Azure CLI'

export const RUNS: Readonly<Record<string, Run>> = {
  // On this machine.
  'npm ci && npm run drill': drillOf('test/e2e/drill.test.ts', INSTALLED),
  'npm run drill': drillOf('test/e2e/drill.test.ts'),
  'npm run drill -- --with-app': drillOf('test/e2e/drill.test.ts'),
  'npm run drill -- --target-tps 400 --workers 20 --duration 40 --failover-at 15 --failover-mode planned': drillOf(
    'test/e2e/interrupted-drills.test.ts',
    [
      '--target-tps 400 --workers 20 --duration 40 --failover-at 15',
      '--target-tps 120 --workers 8 --duration 28 --failover-at 12',
      'shorter',
    ],
  ),
  'npm run drill -- --force synchronous-commit': drillOf('test/e2e/interrupted-drills.test.ts'),
  'npm run drill -- --failover-mode none': drillOf('test/e2e/hostile-environment.test.ts'),
  'npm run drill -- --replication async --hold-standby 5': drillOf(
    'test/e2e/other-drills.test.ts',
    ['--hold-standby 5', '--hold-standby 4', 'a shorter load'],
    ['', ' --event external@12', 'one drill for what is lost, and for the server that went on to write'],
  ),
  'npm run drill -- --replication async --event external@15 --duration 60': drillOf('test/e2e/other-drills.test.ts', [
    '--event external@15 --duration 60',
    '--event external@12 --duration 28',
    'shorter',
  ]),
  'npm run drill -- --weather 7': drillOf('test/support/weather-expectations.ts', [
    '--weather 7',
    '--weather {seed}',
    'seeds of which the test knows the fitting verdict',
  ]),
  'npm run drill -- --repeat 3 --gap 5': drillOf('test/e2e/campaign.test.ts', ['--gap 5', '--gap 3', 'shorter']),
  'npm run drill -- --event switchover:forced@20 --hold-back 5': here(
    ['@20', '@10', 'shorter'],
    ['', ' --target-tps 60 --workers 4 --duration 24', 'two cores that are shared'],
  ),
  'npm run drill -- --host durable': {
    by: 'test/engine/drills.test.ts',
    why: 'it needs the .NET SDK: where that is, whole drills run on this host through the API',
  },
  'npm run local -- split-brain': here(),
  'npm run local -- failover': here(),
  'npm start': here(['', ' -- --port 0', 'another stack of this machine may have the usual port']),
  'npm run report -- runs/<drill-id>': here(FOLDER),
  'npm run verify -- runs/<drill-id>/evidence.zip': here(FOLDER),
  'npm run loadgen -- --help': here(),
  'npm run simulate -- --drills 2000 --seed 1': here(['2000', '8', 'test/simulate plays thousands']),
  'npm run simulate -- --drills 500 --seed 1': here(['500', '4', 'test/simulate plays thousands']),
  'npm run bench': here([
    '',
    ' -- none',
    'all benchmarks need the machine for themselves for a quarter of an hour; a name that no benchmark has lists them',
  ]),

  // In an app, as if it were far away.
  'export DRILL_FUNCTION_KEY=...': here(['...', '{key}', 'the key of the app']),
  'npm run drill -- --app https://<app>.azurewebsites.net': here([
    'https://<app>.azurewebsites.net',
    'http://127.0.0.1:{port}',
    'the app of npm start stands for a deployed one',
  ]),
  'npm run drill -- --app https://func-drill.azurewebsites.net': here(APP),
  'npm run drill -- --app https://func-drill.azurewebsites.net --duration 600 --failover-mode planned --force storage-iops':
    here(APP),
  'npm run drill -- campaign --app https://func-drill.azurewebsites.net --repeat 5': here(APP),
  'npm run drill -- --app https://func-drill.azurewebsites.net --request request.json --target-tps 4000': here(APP, [
    '4000',
    '60',
    'two cores that are shared',
  ]),
  'npm run drill -- --event external@15 --duration 60': here(
    ['external@15 --duration 60', 'external@8 --duration 20', 'shorter'],
    SHARED_APP,
    LIGHT,
  ),
  'npm run drill -- --event restart@20': here(
    ['@20', '@8', 'shorter'],
    ['', ' --duration 20', 'shorter'],
    SHARED_APP,
    LIGHT,
  ),
  'npm run drill -- --help': here(),
  'npm run drill -- list': here(),
  'npm run drill -- watch 20260102-030405-0a1b2c': here(ID),
  'npm run drill -- download 20260102-030405-0a1b2c': here(ID),
  'npm run drill -- abort 20260102-030405-0a1b2c': here(ID),
  'npm run drill -- containers': here(),
  'npm run drill -- containers --delete 20260102-030405-0a1b2c': here(ID),
  'source <(npx pg-failover-drill completion bash)': here(),

  // With the files of a drill.
  'unzip -q evidence.zip -d evidence && cd evidence': here(),
  'jq -r \'.files[] | select(.isIncluded) | "\\(.sha256)  \\(.path)"\' manifest.json | sha256sum --check --quiet':
    here(),
  "jq -r '.verdict, .figures.recoveryTimeSeconds.words, .figures.lostCommits.words' summary.json": here(),
  "jq -r '.ranges[]' ledger.json | sha256sum": here(),
  "jq -r '.ranges[]' ledger.json | tr ':-' ',,' > ranges.csv": here(),

  // In Azure.
  'npm run release -- up --group rg-drill --location swedencentral': azure(NO_SUBSCRIPTION),
  'npm run release -- up --group rg-drill --location swedencentral --parameter administratorLogin=drilladmin --parameter existingServerId=/subscriptions/.../flexibleServers/pg-staging --parameter administratorPassword="$PASSWORD"':
    azure(NO_SUBSCRIPTION),
  'npm run release -- template --group rg-drill --parameter apiAuth=entra --parameter apiClientId=<appId>': azure(
    NO_SUBSCRIPTION,
    ['<appId>', '0f6c0d9e-3d0a-4c8e-9a54-3c3f8b1d0a03', 'the id that the command before has printed'],
  ),
  'npm run release -- drill --group rg-drill': {
    by: 'test/unit/release/drill.test.ts',
    instead: [['', '', 'the test adds a folder of its own for the results; a stand-in for the app answers']],
  },
  'npm run release -- down --group rg-drill': azure(NO_SUBSCRIPTION),
  'npm run release -- down --group rg-drill --yes': azure(NO_SUBSCRIPTION),
  'APP=$(az deployment group show -g rg-drill -n main --query properties.outputs.AZURE_FUNCTION_APP_NAME.value -o tsv)':
    azure(NO_SUBSCRIPTION),
  'KEY=$(az functionapp keys list -g rg-drill -n "$APP" --query functionKeys.default -o tsv)': azure(NO_SUBSCRIPTION),
  'curl -X POST "https://$APP.azurewebsites.net/api/drills" -H "x-functions-key: $KEY" -H \'content-type: application/json\' -d \'{"migrate": true}\'':
    here(APP_BY_NAME),
  [`az ad app create --display-name pg-failover-drill --sign-in-audience AzureADMyOrg --requested-access-token-version 2 --app-roles '[
  {"allowedMemberTypes": ["User", "Application"], "displayName": "Drill.Read", "value": "Drill.Read", "description": "Reads drills", "isEnabled": true, "id": "0f6c0d9e-3d0a-4c8e-9a54-3c3f8b1d0a01"},
  {"allowedMemberTypes": ["User", "Application"], "displayName": "Drill.Run", "value": "Drill.Run", "description": "Starts and aborts drills", "isEnabled": true, "id": "0f6c0d9e-3d0a-4c8e-9a54-3c3f8b1d0a02"}]'`]:
    azure('it makes an application in a directory of Microsoft Entra: a stand-in for the Azure CLI takes it'),
  'export POSTGRES_SERVER=pg-staging POSTGRES_DATABASE=drill POSTGRES_USER=drilladmin LOADGEN_POSTGRES_USER=drill_load':
    {
      ...here(
        ['pg-staging', 'pg-local', 'the server of npm start'],
        ['=drill ', '=saifdb ', 'its database'],
        ['=drilladmin', '=saifadmin', 'its user'],
      ),
      block: MIGRATION,
    },
  'export POSTGRES_PASSWORD="$(az keyvault secret show --vault-name <vault> --name postgres-app --query value -o tsv)"':
    { ...here(VAULT), block: MIGRATION },
  'export LOADGEN_POSTGRES_PASSWORD="$(az keyvault secret show --vault-name <vault> --name postgres-load --query value -o tsv)"':
    { ...here(VAULT), block: MIGRATION },
  'npm run migrate': here(),
  'npm run migrate -- --yes': here(),
  "curl -sG https://prices.azure.com/api/retail/prices --data-urlencode \"\\$filter=armRegionName eq 'swedencentral' and priceType eq 'Consumption' and productName eq 'Azure Database for PostgreSQL Flexible Server Memory Optimized Edsv5 Series Compute'\"":
    azure('no test calls the internet: a stand-in for curl prints what would be asked'),

  // Of several servers: a stack of two.
  'npm run drill -- --app https://func-drill.azurewebsites.net --target billing': here(APP, SECOND),
  'npm run drill -- --app https://$APP.azurewebsites.net --target billing': here(APP_BY_NAME, SECOND),
  'npm run drill -- list --server pg-billing': here(['pg-billing', 'pg-local-2', 'the second server of npm start']),
  'curl -X POST "https://$APP.azurewebsites.net/api/drills" -H "x-functions-key: $KEY" -H \'content-type: application/json\' -d \'{"target": "billing"}\'':
    here(APP_BY_NAME, SECOND),
  'npm start -- --servers 2': {
    by: COMMAND_TEST,
    why: 'the next command of its block, which adds two schedules, is run',
  },
  'npm start -- --servers 2 --schedule "0 */10 * * * *" --schedule "0 5/10 * * * *"': here(
    ['', ' --port 0', 'another stack of this machine may have the usual port'],
    ['/10 * * * *"', '/10 * 29 2 *"', 'a drill by the timer would hold the server'],
  ),

  // Of the run of the tests.
  'npm ci': ofTheRun('it replaces the modules that a test runs on; a run of CI begins with it'),
  'npm ci && npm test': ofTheRun('a run of CI is these two'),
  'npm test': ofTheRun('it is what runs this test'),
  'TEST_DEPTH=all npm test': ofTheRun('it is what runs this test in CI'),
  'npm run typecheck && npm run lint': ofTheRun('a run of CI has both before the tests'),
  'npx vitest run --project pure test/unit/merge': ofTheRun('the files that it names are part of every run'),
  'UPDATE_GOLDEN=1 npx vitest run test/golden': ofTheRun('it would accept every change of a report'),
}

/** The command as a test runs it. */
export function commandOf(command: string, values: Readonly<Record<string, string>> = {}): string {
  const run = RUNS[command]
  if (run === undefined || !COMMANDS.has(command)) throw new Error(`no guide shows, or no row names: ${command}`)
  const substituted = (run.instead ?? []).reduce((text, [shown, instead]) => {
    if (!text.includes(shown)) throw new Error(`${command} has no ${shown}`)
    return shown === '' ? `${text}${instead}` : text.replaceAll(shown, instead)
  }, command)
  return substituted.replaceAll(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}

/** The arguments behind `npm run <script> --`, as a test runs them. */
export const argumentsOf = (command: string, values?: Readonly<Record<string, string>>): string[] =>
  wordsOf(commandOf(command, values).split(' -- ')[1] ?? '')
