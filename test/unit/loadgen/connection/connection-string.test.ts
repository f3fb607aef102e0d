import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConnectionString } from '../../../../loadgen-image/connection/connection-string.ts'
import { PARAMETERS } from '../../../../loadgen-image/connection/parameters.ts'
import {
  DEFAULT_SESSION,
  oneServer,
  type SessionSettings,
  type Tls,
  type TlsMode,
} from '../../../../loadgen-image/connection/target.ts'
import { urlOf } from '../../../../loadgen-image/connection/url.ts'

const tls = (mode: TlsMode, changes: Partial<Tls> = {}): Tls => ({
  mode,
  ca: null,
  verifiesAuthority: mode.startsWith('verify'),
  isDirect: false,
  minVersion: null,
  maxVersion: null,
  ...changes,
})

const place = (host: string, port = 6432, address: string | null = null) => ({ host, address, port })
const SHOP = {
  places: [place('pg.example.com')],
  database: 'shop',
  user: 'load',
  password: 'secret',
  tls: tls('prefer'),
  session: DEFAULT_SESSION,
}
const session = (changes: Partial<SessionSettings>) => ({ session: { ...DEFAULT_SESSION, ...changes } })

const parsed = (text: string) => {
  const result = parseConnectionString(text)
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  return result.value
}
const problemsOf = (text: string): readonly string[] => {
  const result = parseConnectionString(text)
  return 'problems' in result ? result.problems : []
}

const URL_START = 'postgres://load:secret@pg.example.com:6432/shop'
const SPACED = 'host=pg.example.com port=6432 dbname=shop user=load password=secret'
const SEMICOLON = 'Host=pg.example.com;Port=6432;Database=shop;Username=load;Password=secret'

test.each([
  // The URL
  [URL_START, {}],
  [`${URL_START.replace('postgres:', 'postgresql:')}?sslmode=require`, { tls: tls('require') }],
  ['postgres://load:p%40ss%2Fw%3Ard@pg.example.com:6432/shop', { password: 'p@ss/w:rd' }],
  ['postgres://load:p#s?s:w@pg.example.com:6432/shop', { password: 'p#s?s:w' }],
  ['postgres://load:secret@pg.example.com/shop', { places: [place('pg.example.com', 5432)] }],
  ['postgres://load:secret@pg.example.com:/shop', { places: [place('pg.example.com', 5432)] }],
  ['postgres://load:secret@pg.example.com:6432', { database: 'load' }],
  ['postgres://load:secret@pg.example.com:6432/', { database: 'load' }],
  ['postgres://load:secret@pg.example.com:6432?dbname=shop', {}],
  ['postgres://load@127.0.0.1:6432/shop', { places: [place('127.0.0.1')], password: '' }],
  ['postgres://load:@127.0.0.1:6432/shop', { places: [place('127.0.0.1')], password: '' }],
  ['postgres://load:secret@[::1]:6432/shop', { places: [place('::1')] }],
  ['postgres://load:secret@[fe80::1%25eth0]:6432/shop', { places: [place('fe80::1%eth0')] }],
  [
    'postgres://load:secret@h1:6432,h2:6433,[::1]/shop',
    { places: [place('h1'), place('h2', 6433), place('::1', 5432)] },
  ],
  ['postgres://load:secret@h1,h2/shop', { places: [place('h1', 5432), place('h2', 5432)] }],
  ['postgres://load:secret@%2Frun%2Fpostgresql:6432/shop', { places: [place('/run/postgresql')] }],
  ['postgres:///shop?host=/run/postgresql&port=6432&user=load&password=secret', { places: [place('/run/postgresql')] }],
  [`${URL_START}?host=other`, { places: [place('other')] }],
  [`${URL_START}?hostaddr=10.0.0.1`, { places: [place('pg.example.com', 6432, '10.0.0.1')] }],
  [`${URL_START}?sslmode=disable`, { tls: null }],
  [`${URL_START}?ssl=true`, { tls: tls('require') }],
  [`${URL_START}?sslmode=no-verify`, { tls: tls('require') }],
  [`${URL_START}?sslmode=allow`, { tls: tls('allow') }],
  [`${URL_START}?sslmode=verify-ca`, { tls: tls('verify-ca') }],
  [`${URL_START}?sslmode=verify-full&sslrootcert=system`, { tls: tls('verify-full') }],
  [`${URL_START}?sslrootcert=system`, { tls: tls('verify-full') }],
  [`${URL_START}?sslmode=require&sslnegotiation=direct`, { tls: tls('require', { isDirect: true }) }],
  [`${URL_START}?ssl_min_protocol_version=TLSv1.3`, { tls: tls('prefer', { minVersion: 'TLSv1.3' }) }],
  [`${URL_START}?target_session_attrs=read-write`, session({ mustWrite: true })],
  [`${URL_START}?target_session_attrs=primary`, session({ mustWrite: true })],
  [`${URL_START}?target_session_attrs=any`, {}],
  [`${URL_START}?options=-c%20statement_timeout%3D5s`, session({ options: '-c statement_timeout=5s' })],
  [`${URL_START}?connect_timeout=3`, session({ addressTimeoutMs: 3000 })],
  [`${URL_START}?connect_timeout=0`, {}],
  [`${URL_START}?application_name=night`, session({ applicationName: 'night' })],
  [
    `${URL_START}?channel_binding=prefer&gssencmode=disable&keepalives=1&client_encoding=UTF8&load_balance_hosts=disable`,
    {},
  ],
  // libpq's words
  [SPACED, {}],
  ['port=6432 host=pg.example.com dbname=shop user=load password=secret sslmode=disable', { tls: null }],
  ["  host = pg.example.com  port= 6432 dbname =shop user=load password='secret'  ", {}],
  [SPACED.replace('=secret', "='with space'"), { password: 'with space' }],
  [SPACED.replace('=secret', "='it\\'s \\\\ here'"), { password: "it's \\ here" }],
  [SPACED.replace('=secret', "=it\\'s\\ here"), { password: "it's here" }],
  [SPACED.replace('=secret', '=a;b'), { password: 'a;b' }],
  [SPACED.replace('=secret', "='a;b=c'"), { password: 'a;b=c' }],
  ['password=a;b host=pg.example.com port=6432 dbname=shop user=load', { password: 'a;b' }],
  [SPACED.replace('=secret', "=''"), { password: '' }],
  [SPACED.replace('secret', 'a=b'), { password: 'a=b' }],
  ['host=h1,h2 port=6432,6433 dbname=shop user=load password=secret', { places: [place('h1'), place('h2', 6433)] }],
  ['host=h1,h2 port=6432 dbname=shop user=load password=secret', { places: [place('h1'), place('h2')] }],
  [
    'hostaddr=10.0.0.1 port=6432 dbname=shop user=load password=secret',
    { places: [place('10.0.0.1', 6432, '10.0.0.1')] },
  ],
  ['host=/run/postgresql port=6432 dbname=shop user=load password=secret', { places: [place('/run/postgresql')] }],
  ['host=::1 port=6432 dbname=shop user=load password=secret', { places: [place('::1')] }],
  // Npgsql's words
  [SEMICOLON, {}],
  ['Server=pg.example.com;Port=6432;Database=shop;User Id=load;Pwd=secret;SSL Mode=Require;', { tls: tls('require') }],
  ['Server=pg.example.com;Port=6432;DB=shop;UID=load;PSW=secret;', {}],
  ['host=pg.example.com; port=6432; dbname=shop; user=load; password=secret', {}],
  ['Host = pg.example.com ; Port = 6432 ;; Database = shop ; User Name = load ; Password = secret ; ', {}],
  [`${SEMICOLON};SSL Mode=VerifyFull`, { tls: tls('verify-full') }],
  [`${SEMICOLON};SSL Mode=Require;Trust Server Certificate=true`, { tls: tls('require') }],
  [`${SEMICOLON};Pooling=true;Minimum Pool Size=50;Connection Idle Lifetime=300;Command Timeout=30`, {}],
  [`${SEMICOLON};Timeout=15`, session({ addressTimeoutMs: 15_000 })],
  [SEMICOLON.replace('=secret', '="a;b=""c"""'), { password: 'a;b="c"' }],
  [SEMICOLON.replace('=secret', "='a;b''c'"), { password: "a;b'c" }],
  [SEMICOLON.replace('=secret', '=a=b c'), { password: 'a=b c' }],
  [
    'Host=h1:6433,h2;Port=6432;Database=shop;Username=load;Password=secret',
    { places: [place('h1', 6433), place('h2')] },
  ],
  ['Host=[::1]:6433;Database=shop;Username=load;Password=secret', { places: [place('::1', 6433)] }],
])('%s', (text, changes) => {
  expect(parsed(text)).toEqual({ ...SHOP, ...changes })
})

const EXPECTED =
  'expected postgres://user:password@host:port/database, or host=... port=... dbname=... user=... password=..., or Host=...;Port=...;Database=...;Username=...;Password=...'
const BAD_HOST =
  'host: holds characters that no host name has; see whether a separator is missing, a port is in it, or the password of a URL must be percent-encoded'
const BAD_PORT = 'port: expected whole numbers 1..65535; see whether a separator is missing'

test.each([
  ['', [EXPECTED]],
  ['pg.example.com', [EXPECTED]],
  ['mysql://u:p@h/d?a=b', [EXPECTED]],
  ['jdbc:postgresql://h/d?user=u', ['a URL of JDBC; write postgres://user:password@host:port/database']],
  ['postgres://load:p@ss#w@host:x/shop', [BAD_PORT, BAD_HOST]],
  ['postgres://load:100%@pg.example.com/shop', ['the password is not validly percent-encoded']],
  [
    'Host=;Port=70000;Database=shop',
    [BAD_PORT, 'host: none given; a unix socket is host=/run/postgresql', 'user: none given'],
  ],
  ['Host=h;Port=70000;User=u', [BAD_PORT]],
  [
    'Host=127.0.0.1;Database=shop;Username=load;Port=16432 Password=S3cret',
    ['port: another word=value is in it; see whether a separator is missing before that', BAD_PORT],
  ],
  [
    'Host=h;Username=load Password=S3cret',
    ['user: another word=value is in it; see whether a separator is missing before that'],
  ],
  ['host=h:6432 user=u', [BAD_HOST]],
  ['host=h1,,h2 user=u', ['host: one of the list is empty']],
  ['host=h1,h2 port=1,2,3 user=u', ['port: 3 for 2 hosts; expected one, or as many']],
  ['host=h1,h2 hostaddr=10.0.0.1 user=u', ['hostaddr: 1 for 2 hosts; expected as many']],
  ['hostaddr=pg.example.com user=u', ['hostaddr: expected addresses in digits']],
  ['host=@abstract user=u', ['host: abstract unix sockets are not supported; name the folder of the socket']],
  ["host=h user=u password='open", ['pair 3: the quotes of the value do not end where it ends']],
  ['host=h user=u S3cret', ["pair 3: expected word=value; a value with spaces stands in ''"]],
  ['Host=h;Username=u;Password="a"b', ['pair 3: expected Word=Value; a value with ; or quotes stands in ""']],
  [
    'Host=h;Username=u;Password=S3;cret=x',
    ['pair 4 (after password): the word before = is not known; see whether the value of password must be quoted'],
  ],
  [
    'Host=h;Username=u;SSL Mode=sometimes',
    ['sslmode: expected disable, allow, prefer, require, verify-ca, verify-full or no-verify'],
  ],
  ['postgres://u:p@h/d?sslmode=require&sslrootcert=system', ['sslrootcert: system goes with sslmode=verify-full only']],
  [
    'postgres://u:p@h/d?sslmode=prefer&sslnegotiation=direct',
    ['sslnegotiation: direct goes with sslmode=require, verify-ca or verify-full only'],
  ],
  [
    'postgres://u:p@h/d?target_session_attrs=standby',
    ['target_session_attrs: the load writes; write read-write, primary or any'],
  ],
  [
    'postgres://u:p@h/d?service=x&passfile=/f',
    [
      'service: not supported; write what the service file says here: host=, port=, dbname=, user=',
      'passfile: not supported; write the password here, as password=',
    ],
  ],
  [
    'postgres://u:p@h/d?channel_binding=require',
    ['channel_binding: not supported with this value; channel binding is not supported; write prefer'],
  ],
  [
    'postgres://u:p@h/d?a',
    [
      'parameter 1 after the ?: expected word=value, percent-encoded; characters such as @ : / in the password must be percent-encoded',
    ],
  ],
])('%j is refused with every problem', (text, problems) => {
  expect(problemsOf(text)).toEqual(problems)
})

/** Every one of PostgreSQL 18, as `SELECT` from libpq's own table prints them. */
const LIBPQ =
  `application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssdelegation
gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts
max_protocol_version min_protocol_version oauth_client_id oauth_client_secret oauth_issuer oauth_scope options passfile password
port replication require_auth requirepeer requiressl scram_client_key scram_server_key service servicefile ssl_max_protocol_version
ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslpassword
sslrootcert sslsni target_session_attrs tcp_user_timeout user`.split(/\s+/)

test('every parameter of libpq is read, refused, or ignored for a reason that is written down', () => {
  const known = new Map([...PARAMETERS.values()].map(({ label, rule }) => [label, rule]))
  for (const label of LIBPQ) {
    const rule = known.get(label)
    expect(rule, label).toBeDefined()
    if (rule?.kind === 'ignored') expect(rule.why, label).not.toBe('')
  }
})

test.each(LIBPQ)('%s with a value that no rule allows is named, or changes nothing', (label) => {
  const rule = [...PARAMETERS.values()].find((parameter) => parameter.label === label)?.rule
  const problems = problemsOf(`postgres://u:p@h/d?${label}=MARKED`)
  if (rule?.kind === 'refused' || rule?.kind === 'only')
    expect(problems).toEqual([expect.stringMatching(`^${label}: `)])
  if (rule?.kind === 'ignored') expect(problems).toEqual([])
  expect(JSON.stringify(problems)).not.toContain('MARKED')
})

const password = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !text.includes('\0'))

test('any password survives all forms, in any order of the words', () => {
  fc.assert(
    fc.property(password, fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (secret, order) => {
      const spacedWords = [
        'host=h',
        'port=1',
        'dbname=d',
        'user=u',
        `password='${secret.replaceAll(/[\\']/g, '\\$&')}'`,
      ]
      const words = ['Host=h', 'Port=1', 'Database=d', 'Username=u', `Password="${secret.replaceAll('"', '""')}"`]
      const ordered = (all: readonly string[]) => order.map((index) => all[index])
      const wanted = { places: [place('h', 1)], database: 'd', user: 'u', password: secret }
      expect(parsed(`postgres://u:${encodeURIComponent(secret)}@h:1/d`)).toMatchObject(wanted)
      expect(parsed(ordered(spacedWords).join(' '))).toMatchObject(wanted)
      expect(parsed(ordered(words).join(';'))).toMatchObject(wanted)
    }),
  )
})

test('a URL that is written for a server is read as that server', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constant('/run/a folder'), fc.constant('fe80::1%eth0'))
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/\s\S+\s*=/.test(text))
  const server = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }), database: name, user: name, password })
  fc.assert(
    fc.property(server, (given) => {
      const target = oneServer(given)
      expect(parsed(urlOf(target))).toEqual(target)
    }),
  )
})
