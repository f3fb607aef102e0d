import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holds, readPrincipal } from '../../../functions/access/principal.ts'
import { base64, LONG, OBJECT_ID, principalHeader } from '../../support/principal.ts'

const rolesIn = (header: string) => {
  const principal = readPrincipal(header)
  return 'problem' in principal ? principal.problem : principal.roles
}

test.each([
  ['none', [], []],
  ['one', ['Drill.Read'], ['Drill.Read']],
  ['several, in any order', ['Drill.Run', 'Drill.Read'], ['Drill.Read', 'Drill.Run']],
  ['roles of others beside it', ['Admin', 'Drill.Run', 'drill.run '], ['Drill.Run']],
  ['one in other letters', ['drill.run', 'DRILL.RUN', 'Drill.Run2'], []],
])('roles of the token: %s', (_, given, expected) => {
  expect(rolesIn(principalHeader({ roles: given }))).toEqual(expected)
  expect(rolesIn(principalHeader({ roles: given }, LONG))).toEqual(expected)
})

test.each([
  ['a name', 'name'],
  ['a group', 'groups'],
  ['a scope', 'http://schemas.microsoft.com/identity/claims/scope'],
  ['a directory role', 'wids'],
  ['a claim that a user may fill in', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'],
])('%s that reads like a role is none', (_, typ) => {
  expect(rolesIn(principalHeader({ claims: [[typ, 'Drill.Run']] }))).toEqual([])
})

test('the claim that the header itself declares to be the role does not become one', () => {
  const forged = JSON.parse(Buffer.from(principalHeader({ claims: [['name', 'Drill.Run']] }), 'base64').toString())
  expect(rolesIn(base64(JSON.stringify({ ...forged, role_typ: 'name' })))).toEqual([])
})

const SUBJECT = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier'
test.each([
  ['a user: the subject differs in each application', [[SUBJECT, 'pairwise-subject']], false],
  ['an application, by its own claim', [['idtyp', 'app']], true],
  ['an application: its subject is its service principal', [[SUBJECT, OBJECT_ID]], true],
] as const)('%s', (_, claims, isApp) => {
  expect(readPrincipal(principalHeader({ roles: ['Drill.Run'], claims }))).toEqual({
    objectId: OBJECT_ID,
    isApp,
    roles: ['Drill.Run'],
  })
})

test('a token that names no object is a principal all the same', () => {
  const header = base64(JSON.stringify({ auth_typ: 'aad', claims: [{ typ: 'roles', val: 'Drill.Read' }] }))
  expect(readPrincipal(header)).toEqual({ objectId: null, isApp: false, roles: ['Drill.Read'] })
})

const principal = { auth_typ: 'aad', claims: [{ typ: 'roles', val: 'Drill.Run' }] }
const good = JSON.stringify(principal)
test.each([
  ['nothing', ''],
  ['no base64', 'Drill.Run'],
  ['plain JSON', good],
  ['base64 with a character of another alphabet', `${base64(good).slice(0, -4)}-_-_`],
  ['base64 that is cut', base64(good).slice(0, -1)],
  ['base64 with spaces inside', base64(good).replace(/^(.{8})/, '$1 ')],
  ['two headers as one', `${base64(good)}, ${base64(good)}`],
  ['base64 of no JSON', base64('Drill.Run')],
  ['base64 of JSON that is cut', base64(good.slice(0, -2))],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x7b]).toString('base64')],
  ['null', base64('null')],
  ['a list', base64('[]')],
  ['no claims', base64(JSON.stringify({ auth_typ: 'aad' }))],
  ['claims that are no list', base64(JSON.stringify({ ...principal, claims: { typ: 'roles', val: 'Drill.Run' } }))],
  ['a claim that is no object', base64(JSON.stringify({ ...principal, claims: ['Drill.Run'] }))],
  [
    'a claim whose value is a list',
    base64(JSON.stringify({ ...principal, claims: [{ typ: 'roles', val: ['Drill.Run'] }] })),
  ],
  [
    'the form of another service of Azure',
    base64(JSON.stringify({ identityProvider: 'aad', userRoles: ['Drill.Run'] })),
  ],
  [
    'more claims than any token has',
    base64(JSON.stringify({ ...principal, claims: Array(3_000).fill(principal.claims[0]) })),
  ],
  ['more than a header may hold', base64(JSON.stringify({ ...principal, pad: 'x'.repeat(100_000) }))],
])('%s is no login', (_, header) => {
  expect(readPrincipal(header)).toEqual({
    problem: 'The header x-ms-client-principal is not what the platform writes.',
  })
})

test.each(['google', 'github', 'AAD', 'Federation', ''])('a login of "%s" is none of Microsoft Entra', (provider) => {
  expect(readPrincipal(principalHeader({ roles: ['Drill.Run'], provider }))).toEqual({
    problem: 'The login is not one of Microsoft Entra.',
  })
})

test('no header makes the reader throw, and none is repeated', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string().map(base64), fc.json().map(base64)), (header) => {
      const read = readPrincipal(header)
      if ('problem' in read && header.length > 6) expect(read.problem).not.toContain(header)
    }),
  )
})

test('who may run drills may read them, and not the other way round', () => {
  const withRoles = (...roles: ('Drill.Read' | 'Drill.Run')[]) => ({ objectId: null, isApp: false, roles })
  expect(holds(withRoles('Drill.Run'), 'Drill.Read')).toBe(true)
  expect(holds(withRoles('Drill.Read'), 'Drill.Run')).toBe(false)
  expect(holds(withRoles(), 'Drill.Read')).toBe(false)
})
