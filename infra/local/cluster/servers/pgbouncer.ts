/**
 * PgBouncer as flexible server runs it: on the primary's machine, in transaction mode. It dies with that machine and starts again
 * on the new primary's; its port never changes.
 */
import { join } from 'node:path'
import type { QueryResultRow } from 'pg'
import { makeFolder } from '../../../../loadgen-image/output/make-folder.ts'
import type { HeldPort } from '../../process/ports.ts'
import type { Child, Processes } from '../../process/processes.ts'
import type { RunUser } from '../../process/run-user.ts'
import type { StackFolder } from '../../process/stack-folder.ts'
import { waitFor } from '../../process/wait.ts'
import { withLocalClient, writeOwned } from './postgres.ts'

export interface PgBouncerOptions {
  readonly program: string
  readonly port: HeldPort
  readonly database: string
  /** Name and password of every role that may log in. */
  readonly roles: ReadonlyArray<readonly [name: string, password: string]>
  readonly adminPassword: string
  readonly user: RunUser | null
}

const ADMIN = 'pgbouncer_admin'

export class PgBouncer {
  readonly port: number
  readonly #home: string
  readonly #processes: Processes
  readonly #options: PgBouncerOptions
  #child: Child | null = null

  constructor(folder: StackFolder, processes: Processes, options: PgBouncerOptions) {
    this.port = options.port.port
    this.#home = join(folder.path, 'pgbouncer')
    this.#processes = processes
    this.#options = options
  }

  /** Null while PgBouncer does not run. */
  get process(): Child | null {
    return this.#child?.exit === null ? this.#child : null
  }

  /** In front of the server at this port. */
  async start(serverPort: number): Promise<void> {
    const { port, program, user } = this.#options
    writeConfiguration(this.#home, this.#options, serverPort)
    await port.release()
    const child = this.#processes.start({
      name: 'pgbouncer',
      command: program,
      args: [join(this.#home, 'pgbouncer.ini')],
      user,
      stopSignals: ['SIGTERM'],
    })
    this.#child = child
    const giveUpIf = () => {
      if (child.exit !== null) throw new Error(`PgBouncer did not start: ${child.log(1000).trim()}`)
    }
    await waitFor('PgBouncer answers', { forMs: 10_000, everyMs: 10, giveUpIf }, () => this.show('LISTS'))
  }

  async stop(): Promise<void> {
    await this.process?.stop()
  }

  async kill(): Promise<void> {
    await this.process?.killTree()
  }

  /** SHOW commands of the admin console. */
  show<Row extends QueryResultRow>(what: 'POOLS' | 'STATS' | 'CONFIG' | 'LISTS'): Promise<Row[]> {
    const login = { user: ADMIN, password: this.#options.adminPassword, database: 'pgbouncer' }
    return withLocalClient(this.port, login, async (client) => (await client.query<Row>(`SHOW ${what}`)).rows)
  }
}

function writeConfiguration(home: string, options: PgBouncerOptions, serverPort: number): void {
  // The stack's user owns the folder; PgBouncer's user enters it.
  makeFolder(home, 0o755)
  const users = [...options.roles, [ADMIN, options.adminPassword] as const]
  const userList = users.map(([name, password]) => `"${name}" "${password}"\n`).join('')
  writeOwned(join(home, 'userlist.txt'), userList, options.user)
  writeOwned(join(home, 'pgbouncer.ini'), configuration(home, options, serverPort), options.user)
}

/** Values are Azure's defaults wherever Azure has one. Versions differ in whether they ask the server for TLS by default. */
const configuration = (home: string, { port, database }: PgBouncerOptions, serverPort: number): string => `[databases]
${database} = host=127.0.0.1 port=${serverPort} dbname=${database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port.port}
unix_socket_dir =
server_tls_sslmode = disable
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
