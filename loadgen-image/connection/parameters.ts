/**
 * Every word that a connection string may hold, of libpq and of Npgsql, by what becomes of it: it is read; it is ignored, with the
 * reason; or it is refused, with what to write instead. A word that is not in this table is refused too.
 */

type Rule =
  | { readonly kind: 'read' }
  | { readonly kind: 'ignored'; readonly why: string }
  /** Ignored with one of these values, refused with any other. */
  | { readonly kind: 'only'; readonly values: readonly string[]; readonly instead: string }
  | { readonly kind: 'refused'; readonly instead: string }

interface Parameter {
  /** As its own documentation writes it: what a problem prints, because a user's spelling may be a piece of a password. */
  readonly label: string
  readonly rule: Rule
}

const ON = ['1', 'true', 'yes', 'on']
const OFF = ['0', 'false', 'no', 'off']

type Row = readonly [rule: Rule, ...labels: readonly string[]]

const read = (...labels: readonly string[]): Row => [{ kind: 'read' }, ...labels]
const ignored = (why: string, ...labels: readonly string[]): Row => [{ kind: 'ignored', why }, ...labels]
const only = (label: string, values: readonly string[], instead: string): Row => [
  { kind: 'only', values, instead },
  label,
]
const refused = (instead: string, ...labels: readonly string[]): Row => [{ kind: 'refused', instead }, ...labels]

const NO_GSS = 'GSSAPI is not used'
const KEEPALIVE = 'the limit on replies finds a dead connection first'

const LIBPQ: readonly Row[] = [
  read('host', 'hostaddr', 'port', 'dbname', 'user', 'password', 'options', 'application_name', 'connect_timeout'),
  read('sslmode', 'sslnegotiation', 'sslrootcert', 'ssl_min_protocol_version', 'ssl_max_protocol_version'),
  read('target_session_attrs'),
  ignored('an application name is always sent', 'fallback_application_name'),
  ignored(KEEPALIVE, 'keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'),
  ignored('no server compresses under TLS any more', 'sslcompression'),
  ignored('it only writes keys for debugging', 'sslkeylogfile'),
  ignored('protocol 3.0 is spoken, the lowest there is', 'max_protocol_version'),
  ignored(NO_GSS, 'krbsrvname', 'gsslib', 'gssdelegation'),
  only('channel_binding', ['prefer', 'disable'], 'channel binding is not supported; write prefer'),
  only('client_encoding', ['auto', 'utf8', 'utf-8', 'unicode'], 'only UTF8 is spoken; write UTF8'),
  only('replication', OFF, 'a load is no replication client; leave it out'),
  only('gssencmode', ['disable', 'prefer'], 'GSSAPI is not supported; write disable, and sslmode=require'),
  only('requiressl', ['0'], 'write sslmode=require'),
  only('sslcertmode', ['disable', 'allow'], 'client certificates are not supported; write disable'),
  only('sslsni', ['1'], 'the name is always sent; write 1'),
  only('min_protocol_version', ['3.0'], 'protocol 3.0 is spoken; write 3.0'),
  only('load_balance_hosts', ['disable', ...OFF], 'hosts are tried in the order given; write disable'),
  refused('write the password here, as password=', 'passfile'),
  refused('the method is chosen by the server; leave it out', 'require_auth'),
  refused('the owner of a socket is not checked; leave it out', 'requirepeer'),
  refused('client certificates are not supported; log in with user and password', 'sslcert', 'sslkey', 'sslpassword'),
  refused('revocation lists are not supported; name the authority with sslrootcert', 'sslcrl', 'sslcrldir'),
  refused('write what the service file says here: host=, port=, dbname=, user=', 'service', 'servicefile'),
  refused('log in with user and password', 'scram_client_key', 'scram_server_key', 'oauth_issuer', 'oauth_client_id'),
  refused('log in with user and password', 'oauth_client_secret', 'oauth_scope'),
]

/** Words of Npgsql that libpq does not know, and words of other drivers that are often left in a URL. */
const OTHERS: readonly Row[] = [
  read('Trust Server Certificate'),
  refused('write options=-c search_path=NAME', 'Search Path', 'schema', 'currentSchema'),
  refused('write target_session_attrs=read-write', 'targetServerType'),
  only('Encoding', ['utf8', 'utf-8'], 'only UTF8 is spoken; write UTF8'),
  only('Check Certificate Revocation', OFF, 'revocation is not checked; write false'),
  only('Integrated Security', OFF, 'GSSAPI is not supported; log in with user and password'),
  only('Replication Mode', ['off'], 'a load is no replication client; leave it out'),
  ignored('the load stores moments, which have none', 'Timezone'),
  ignored(NO_GSS, 'Include Realm'),
  ignored(KEEPALIVE, 'Keepalive', 'Tcp Keepalive', 'Tcp Keepalive Time', 'Tcp Keepalive Interval'),
  ignored(
    'the load has its own limits for replies',
    ...['Command Timeout', 'Internal Command Timeout', 'Cancellation Timeout'],
  ),
  ignored(
    'each worker owns its connection',
    ...['Pooling', 'Minimum Pool Size', 'Maximum Pool Size', 'Min Pool Size', 'Max Pool Size', 'Host Recheck Seconds'],
    ...['Connection Idle Lifetime', 'Connection Pruning Interval', 'Connection Lifetime', 'Multiplexing'],
    ...['No Reset On Close', 'connection_limit', 'pool_timeout'],
  ),
  ignored(
    'it is about the driver and not about the connection',
    ...['Enlist', 'Persist Security Info', 'Log Parameters', 'Include Error Detail', 'Include Failed Batched Command'],
    ...['Read Buffer Size', 'Write Buffer Size', 'Socket Receive Buffer Size', 'Socket Send Buffer Size'],
    ...['Max Auto Prepare', 'Auto Prepare Min Usages', 'Load Table Composites', 'Array Nullability Mode'],
    ...['Server Compatibility Mode', 'Use Perf Counters', 'Convert Infinity DateTime'],
    ...['Write Coalescing Buffer Threshold Bytes', 'pgbouncer', 'uselibpqcompat'],
  ),
]

/** Other spellings: of Npgsql, of JDBC, and frequent ones. */
const SYNONYMS: Readonly<Record<string, string>> = {
  server: 'host',
  database: 'dbname',
  db: 'dbname',
  'initial catalog': 'dbname',
  username: 'user',
  'user id': 'user',
  uid: 'user',
  'user password': 'password',
  pwd: 'password',
  psw: 'password',
  timeout: 'connect_timeout',
  ssl: 'sslmode',
  'root certificate': 'sslrootcert',
  'ssl certificate': 'sslcert',
  'ssl crl': 'sslcrl',
  'gss encryption mode': 'gssencmode',
  'kerberos service name': 'krbsrvname',
  'target session attributes': 'target_session_attrs',
}

/** Case, spaces, underscores and hyphens do not count, so `SSL Mode`, `ssl_mode` and `sslmode` are one word. */
const plain = (word: string): string => word.toLowerCase().replaceAll(/[\s_-]/g, '')

export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map(
  [...OTHERS, ...LIBPQ].flatMap(([rule, ...labels]) => labels.map((label) => [plain(label), { label, rule }] as const)),
)

const NAMES = new Map(Object.entries(SYNONYMS).map(([word, label]) => [plain(word), label]))

export const parameterOf = (word: string): Parameter | undefined =>
  PARAMETERS.get(plain(NAMES.get(plain(word)) ?? word))

/** Null: the value may stay. */
export function refusal({ label, rule }: Parameter, value: string): string | null {
  if (value === '' || rule.kind === 'read' || rule.kind === 'ignored') return null
  if (rule.kind === 'only' && rule.values.includes(value.toLowerCase())) return null
  return `${label}: not supported${rule.kind === 'only' ? ' with this value' : ''}; ${rule.instead}`
}

export const isOn = (value: string | undefined): boolean => ON.includes((value ?? '').toLowerCase())
