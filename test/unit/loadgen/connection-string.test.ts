import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConnectionString } from '../../../loadgen-image/connection-string.ts'

const target = (changes: object) => ({
  value: {
    host: 'pg.example.com',
    port: 6432,
    database: 'shop',
    user: 'load',
    password: 'secret',
    tls: { verify: true, ca: null },
    ...changes,
  },
})

test.each([
  ['postgres://load:secret@pg.example.com:6432/shop', {}],
  ['postgresql://load:secret@pg.example.com:6432/shop?sslmode=require', {}],
  ['postgres://load:p%40ss%2Fw%3Ard@pg.example.com:6432/shop', { password: 'p@ss/w:rd' }],
  ['postgres://load:secret@pg.example.com/shop', { port: 5432 }],
  ['postgres://load:secret@pg.example.com:6432', { database: 'load' }],
  ['postgres://load@127.0.0.1:6432/shop', { host: '127.0.0.1', password: '', tls: null }],
  ['postgres://load:secret@[::1]:6432/shop', { host: '::1', tls: null }],
  ['postgres://load:secret@pg.example.com:6432/shop?sslmode=disable', { tls: null }],
  ['postgres://load:secret@pg.example.com:6432/shop?sslmode=no-verify', { tls: { verify: false, ca: null } }],
  ['postgres://load:secret@127.0.0.1:6432/shop?sslmode=verify-full', { host: '127.0.0.1' }],
  ['Host=pg.example.com;Port=6432;Database=shop;Username=load;Password=secret', {}],
  ['Server=pg.example.com;Port=6432;Database=shop;User Id=load;Pwd=secret;SSL Mode=Require;', {}],
  ['host=pg.example.com; port=6432; dbname=shop; user=load; password=secret', {}],
  [
    'Host=pg.example.com;Port=6432;Database=shop;Username=load;Password=secret;SSL Mode=Require;Trust Server Certificate=true',
    { tls: { verify: false, ca: null } },
  ],
  [
    'Host=pg.example.com;Port=6432;Database=shop;Username=load;Password=secret;Pooling=true;Minimum Pool Size=50;Connection Idle Lifetime=300',
    {},
  ],
  ['Host=pg.example.com;Port=6432;Database=shop;Username=load;Password="a;b=""c"""', { password: 'a;b="c"' }],
  ['Host=pg.example.com;Port=6432;Database=shop;Username=load;Password=a=b', { password: 'a=b' }],
])('%s', (text, changes) => {
  expect(parseConnectionString(text)).toEqual(target(changes))
})

test.each([
  ['', ['expected postgres://user:password@host:port/database or Host=...;Port=...;Database=...']],
  ['pg.example.com', ['expected postgres://user:password@host:port/database or Host=...;Port=...;Database=...']],
  [
    'postgres://load:p@ss#w@host:x/shop',
    ['not a valid URL; characters such as @ : / # in the password must be percent-encoded'],
  ],
  ['postgres://load:100%@pg.example.com/shop', ['the password is not validly percent-encoded']],
  ['Host=;Port=70000;Database=shop', ['no host given', 'no user given', 'port: expected 1..65535, got "70000"']],
  [
    'Host=h;Username=u;SSL Mode=sometimes',
    ['sslmode: expected disable, require, verify-ca, verify-full or no-verify, got "sometimes"'],
  ],
  ['postgres://u:p@h/d?sslrootcert=/nowhere/ca.pem', ['sslrootcert: cannot read /nowhere/ca.pem (ENOENT)']],
])('%j is refused with every problem', (text, problems) => {
  expect(parseConnectionString(text)).toEqual({ problems })
})

test('the authority is read from its file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loadgen-'))
  try {
    const file = join(folder, 'ca.pem')
    writeFileSync(file, 'PEM')
    expect(parseConnectionString(`postgres://u:p@h/d?sslmode=verify-full&sslrootcert=${file}`)).toMatchObject({
      value: { tls: { verify: true, ca: 'PEM' } },
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('any password survives both forms', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), (password) => {
      const url = `postgres://u:${encodeURIComponent(password)}@h:1/d`
      const words = `Host=h;Port=1;Database=d;Username=u;Password="${password.replaceAll('"', '""')}"`
      for (const text of [url, words]) expect(parseConnectionString(text)).toMatchObject({ value: { password } })
    }),
  )
})

test('no problem repeats the password', () => {
  const problems = JSON.stringify([
    parseConnectionString('postgres://u:MARKED@h:99999/d'),
    parseConnectionString('Host=;Username=u;Password=MARKED;Port=x'),
    parseConnectionString('nonsense MARKED'),
  ])
  expect(problems).toContain('problems')
  expect(problems).not.toContain('MARKED')
})
