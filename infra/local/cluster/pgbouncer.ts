/**
 * PgBouncer as flexible server runs it: on the primary's machine, in transaction mode, on one port for ever. It dies with
 * the primary's machine and comes back on the new one; its clients dial the same port again.
 */
import { join } from 'node:path'
import type { QueryResultRow } from 'pg'
import { makeFolder } from '../../../loadgen-image/output/make-folder.ts'
import type { HeldPort } from '../process/ports.ts'
import type { Child, Processes } from '../process/processes.ts'
import type { RunUser } from '../process/run-user.ts'
import type { StackFolder } from '../process/stack-folder.ts'
import { waitFor } from '../process/wait.ts'
import { withLocalClient } from './local-client.ts'
import { writeOwned } from './postgres.ts'

export interface PgBouncerOptions {
  readonly program: string
  readonly port: HeldPort
  readonly database: string
  /** Name and password of every role that may come through. */
  readonly roles: ReadonlyArray<readonly [name: string, password: string]>
  readonly adminPassword: string
  readonly user: RunUser | null
}

export interface PgBouncer {
  readonly port: number
  readonly process: Child | null
  /** In front of the server at this port. */
  start(serverPort: number): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
  /** SHOW commands of the admin console. */
  show<Row extends QueryResultRow>(what: 'POOLS' | 'STATS' | 'CONFIG' | 'LISTS'): Promise<Row[]>
}

const ADMIN = 'pgbouncer_admin'

export function createPgBouncer(folder: StackFolder, processes: Processes, options: PgBouncerOptions): PgBouncer {
  const { port } = options.port
  const home = join(folder.path, 'pgbouncer')
  let running: Child | null = null

  const start = async (serverPort: number) => {
    writeConfiguration(home, options, serverPort)
    await options.port.release()
    const child = processes.start({
      name: 'pgbouncer',
      command: options.program,
      args: [join(home, 'pgbouncer.ini')],
      user: options.user,
      stopSignals: ['SIGTERM'],
    })
    running = child
    void child.exited.then(() => {
      if (running === child) running = null
    })
    const requireAlive = () => {
      if (child.exit !== null) throw new Error(`PgBouncer did not start: ${child.log(1000).trim()}`)
    }
    await waitFor('PgBouncer answers', { forMs: 10_000, everyMs: 10, giveUpIf: requireAlive }, () => show('LISTS'))
  }

  const show = <Row extends QueryResultRow>(what: string) =>
    askConsole<Row>(port, options.adminPassword, `SHOW ${what}`)

  return {
    port,
    get process() {
      return running
    },
    start,
    stop: async () => running?.stop(),
    kill: async () => running?.killTree(),
    show,
  }
}

function writeConfiguration(home: string, options: PgBouncerOptions, serverPort: number): void {
  // Of the stack's user, and entered by PgBouncer's.
  makeFolder(home, 0o755)
  const users = [...options.roles, [ADMIN, options.adminPassword] as const]
  const userList = users.map(([name, password]) => `"${name}" "${password}"\n`).join('')
  writeOwned(join(home, 'userlist.txt'), userList, options.user)
  writeOwned(join(home, 'pgbouncer.ini'), configuration(home, options, serverPort), options.user)
}

/** Values are Azure's defaults wherever Azure has one. */
const configuration = (home: string, { port, database }: PgBouncerOptions, serverPort: number): string => `[databases]
${database} = host=127.0.0.1 port=${serverPort} dbname=${database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(home, 'userlist.txt')}
admin_users = ${ADMIN}
pool_mode = transaction
max_client_conn = 5000
default_pool_size = 50
min_pool_size = 0
query_wait_timeout = 120
server_idle_timeout = 600
log_connections = 0
log_disconnections = 0
`

const askConsole = <Row extends QueryResultRow>(port: number, password: string, sql: string): Promise<Row[]> =>
  withLocalClient(
    port,
    { user: ADMIN, password, database: 'pgbouncer' },
    async (client) => (await client.query<Row>(sql)).rows,
  )
