/** The configuration of the local servers: durable like the real service, sized for a small machine. */

export interface ServerSettings {
  readonly port: number
  readonly name: string
}

/**
 * Written once per data directory. The pair sets `synchronous_standby_names` while the server runs, because a primary without a
 * standby must not wait for one.
 */
export function postgresConf({ port, name }: ServerSettings): string {
  return lines({
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    cluster_name: name,
    max_connections: MAX_CONNECTIONS,
    shared_buffers: '128MB',
    // Segments in the data directory: a killed server would leave them in /dev/shm.
    dynamic_shared_memory_type: 'mmap',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    wal_level: 'replica',
    // A primary that was killed can be rewound to the new one's history, and become its standby without a copy.
    wal_log_hints: 'on',
    max_wal_senders: 8,
    // A new standby needs all WAL since its base backup.
    wal_keep_size: '256MB',
    max_wal_size: '1GB',
    hot_standby: 'on',
    // A dead peer is detected within seconds, as by a platform's agent.
    wal_sender_timeout: '5s',
    wal_receiver_timeout: '5s',
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '500ms',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
    log_checkpoints: 'on',
    logging_collector: 'off',
  })
}

/** The checklist's minimum for this load; an unused connection costs a few KB. */
const MAX_CONNECTIONS = 2000

/** Loopback and passwords only. */
export const PG_HBA = `# type  database     user  address       method
host    all          all   127.0.0.1/32  scram-sha-256
host    replication  all   127.0.0.1/32  scram-sha-256
`

/** A string as postgresql.conf wants it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

export const lines = (settings: Readonly<Record<string, string | number>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quoted(value)}\n`)
    .join('')
