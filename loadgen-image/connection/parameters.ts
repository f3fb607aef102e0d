/**
 * Every word that a connection string may hold, of libpq and of Npgsql, and what becomes of it: it is read; it changes nothing
 * here, and why; or it is refused, and what to write instead. A word that is not in this table is refused too.
 */

export type Rule =
  | { readonly kind: 'read' }
  | { readonly kind: 'ignored'; readonly why: string }
  /** Ignored with one of these values, refused with any other. */
  | { readonly kind: 'only'; readonly values: readonly string[]; readonly instead: string }
  | { readonly kind: 'refused'; readonly instead: string }

export interface Parameter {
  /** As its own documentation writes it: what a problem prints, because a user's spelling may be a piece of a password. */
  readonly label: string
  readonly rule: Rule
}

const read: Rule = { kind: 'read' }
const ignored = (why: string): Rule => ({ kind: 'ignored', why })
const only = (values: readonly string[], instead: string): Rule => ({ kind: 'only', values, instead })
const refused = (instead: string): Rule => ({ kind: 'refused', instead })

const ON = ['1', 'true', 'yes', 'on']
const OFF = ['0', 'false', 'no', 'off']

const KEEPALIVE = ignored('the limit on replies finds a dead connection first')
const NO_GSS = ignored('GSSAPI is not used')
const POOL = ignored('each worker owns its connection')
const DRIVER = ignored('it is about the driver and not about the connection')
const LIMIT = ignored('the load has its own limits for replies')
const PASSWORD_ONLY = refused('log in with user and password')
const NO_CLIENT_CERTIFICATE = refused('client certificates are not supported; log in with user and password')
const NO_REVOCATION = refused('revocation lists are not supported; name the authority with sslrootcert')

const LIBPQ: Readonly<Record<string, Rule>> = {
  host: read,
  hostaddr: read,
  port: read,
  dbname: read,
  user: read,
  password: read,
  passfile: refused('write the password here, as password='),
  require_auth: refused('the method is chosen by the server; leave it out'),
  channel_binding: only(['prefer', 'disable'], 'channel binding is not supported; write prefer'),
  connect_timeout: read,
  client_encoding: only(['auto', 'utf8', 'utf-8', 'unicode'], 'only UTF8 is spoken; write UTF8'),
  options: read,
  application_name: read,
  fallback_application_name: ignored('an application name is always sent'),
  keepalives: KEEPALIVE,
  keepalives_idle: KEEPALIVE,
  keepalives_interval: KEEPALIVE,
  keepalives_count: KEEPALIVE,
  tcp_user_timeout: KEEPALIVE,
  replication: only(OFF, 'a load is no replication client; leave it out'),
  gssencmode: only(['disable', 'prefer'], 'GSSAPI is not supported; write disable, and sslmode=require'),
  sslmode: read,
  requiressl: only(['0'], 'write sslmode=require'),
  sslnegotiation: read,
  sslcompression: ignored('no server compresses under TLS any more'),
  sslcert: NO_CLIENT_CERTIFICATE,
  sslkey: NO_CLIENT_CERTIFICATE,
  sslkeylogfile: ignored('it only writes keys for debugging'),
  sslpassword: NO_CLIENT_CERTIFICATE,
  sslcertmode: only(['disable', 'allow'], 'client certificates are not supported; write disable'),
  sslrootcert: read,
  sslcrl: NO_REVOCATION,
  sslcrldir: NO_REVOCATION,
  sslsni: only(['1'], 'the name is always sent; write 1'),
  requirepeer: refused('the owner of a socket is not checked; leave it out'),
  ssl_min_protocol_version: read,
  ssl_max_protocol_version: read,
  min_protocol_version: only(['3.0'], 'protocol 3.0 is spoken; write 3.0'),
  max_protocol_version: ignored('protocol 3.0 is spoken, the lowest there is'),
  krbsrvname: NO_GSS,
  gsslib: NO_GSS,
  gssdelegation: NO_GSS,
  scram_client_key: PASSWORD_ONLY,
  scram_server_key: PASSWORD_ONLY,
  service: refused('write what the service file says here: host=, port=, dbname=, user='),
  servicefile: refused('write what the service file says here: host=, port=, dbname=, user='),
  target_session_attrs: read,
  load_balance_hosts: only(['disable', ...OFF], 'hosts are tried in the order given; write disable'),
  oauth_issuer: PASSWORD_ONLY,
  oauth_client_id: PASSWORD_ONLY,
  oauth_client_secret: PASSWORD_ONLY,
  oauth_scope: PASSWORD_ONLY,
}

/** What libpq does not know, in Npgsql's words; and words of other drivers that are often left in a URL. */
const OTHERS: Readonly<Record<string, Rule>> = {
  'Trust Server Certificate': read,
  'Search Path': refused('write options=-c search_path=NAME'),
  Timezone: ignored('the load stores moments, which have none'),
  Encoding: only(['utf8', 'utf-8'], 'only UTF8 is spoken; write UTF8'),
  'Check Certificate Revocation': only(OFF, 'revocation is not checked; write false'),
  'Integrated Security': only(OFF, 'GSSAPI is not supported; log in with user and password'),
  'Include Realm': NO_GSS,
  'Host Recheck Seconds': POOL,
  Pooling: POOL,
  'Minimum Pool Size': POOL,
  'Maximum Pool Size': POOL,
  'Min Pool Size': POOL,
  'Max Pool Size': POOL,
  'Connection Idle Lifetime': POOL,
  'Connection Pruning Interval': POOL,
  'Connection Lifetime': POOL,
  Multiplexing: POOL,
  Enlist: DRIVER,
  'No Reset On Close': POOL,
  'Command Timeout': LIMIT,
  'Internal Command Timeout': LIMIT,
  'Cancellation Timeout': LIMIT,
  'Tcp Keepalive': KEEPALIVE,
  'Tcp Keepalive Time': KEEPALIVE,
  'Tcp Keepalive Interval': KEEPALIVE,
  Keepalive: KEEPALIVE,
  'Persist Security Info': DRIVER,
  'Log Parameters': DRIVER,
  'Include Error Detail': DRIVER,
  'Include Failed Batched Command': DRIVER,
  'Read Buffer Size': DRIVER,
  'Write Buffer Size': DRIVER,
  'Socket Receive Buffer Size': DRIVER,
  'Socket Send Buffer Size': DRIVER,
  'Max Auto Prepare': DRIVER,
  'Auto Prepare Min Usages': DRIVER,
  'Load Table Composites': DRIVER,
  'Array Nullability Mode': DRIVER,
  'Server Compatibility Mode': DRIVER,
  'Use Perf Counters': DRIVER,
  'Convert Infinity DateTime': DRIVER,
  'Write Coalescing Buffer Threshold Bytes': DRIVER,
  'Replication Mode': only(['off'], 'a load is no replication client; leave it out'),
  schema: refused('write options=-c search_path=NAME'),
  currentSchema: refused('write options=-c search_path=NAME'),
  targetServerType: refused('write target_session_attrs=read-write'),
  pgbouncer: DRIVER,
  uselibpqcompat: DRIVER,
  connection_limit: POOL,
  pool_timeout: POOL,
}

/** Other spellings: of Npgsql, of JDBC, and of hands. */
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

const byPlain = (rules: Readonly<Record<string, Rule>>) =>
  Object.entries(rules).map(([label, rule]) => [plain(label), { label, rule }] as const)

export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map([...byPlain(OTHERS), ...byPlain(LIBPQ)])

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
