import { expect, test } from 'vitest'
import { isFromOtherSite, mayBeForm } from '../../../functions/access/cross-site.ts'

const URL = 'https://func-drill.azurewebsites.net/api/drills'
const OWN = 'https://func-drill.azurewebsites.net'

test.each<readonly [string, Record<string, string>, boolean]>([
  ['a program', {}, false],
  ['the dashboard', { 'sec-fetch-site': 'same-origin', origin: OWN }, false],
  ['an extension of the browser', { 'sec-fetch-site': 'none' }, false],
  ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, true],
  ['a page of a sibling domain', { 'sec-fetch-site': 'same-site', origin: 'https://other.example' }, true],
  ['another site that claims our origin', { 'sec-fetch-site': 'cross-site', origin: OWN }, true],
  ['a word that no browser sends', { 'sec-fetch-site': 'own' }, true],
  ['an old browser, from our page', { origin: OWN }, false],
  ['an old browser, in other letters', { origin: 'https://FUNC-drill.azurewebsites.net' }, false],
  ['an old browser, from another site', { origin: 'https://evil.example' }, true],
  ['an old browser, from a name that begins like ours', { origin: `${OWN}.evil.example` }, true],
  ['an old browser, from another port', { origin: `${OWN}:8443` }, true],
  ['a sandboxed page', { origin: 'null' }, true],
  ['an origin that is none', { origin: 'file://' }, true],
  [
    'an old browser through a gateway with another name',
    { origin: 'https://drills.example', 'x-forwarded-host': 'drills.example' },
    false,
  ],
  [
    'an old browser through a gateway that keeps the name',
    { origin: 'https://drills.example', host: 'drills.example' },
    false,
  ],
  ['another site through a gateway', { origin: 'https://evil.example', 'x-forwarded-host': 'drills.example' }, true],
])('%s', (_, headers, expected) => {
  expect(isFromOtherSite(URL, new Headers(headers))).toBe(expected)
})

test.each<readonly [string, Record<string, string>, boolean]>([
  ['JSON', { 'content-type': 'application/json' }, false],
  ['JSON with a character set', { 'content-type': 'application/json; charset=utf-8' }, false],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, true],
  ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }, true],
  ['text that may hold JSON', { 'content-type': 'text/plain' }, true],
  ['text that names JSON in a parameter', { 'content-type': 'text/plain; application/json' }, true],
  ['nothing', {}, true],
  ['a token, and no type', { authorization: 'Bearer x' }, false],
])('a body of %s', (_, headers, expected) => {
  expect(mayBeForm(new Headers(headers))).toBe(expected)
})
