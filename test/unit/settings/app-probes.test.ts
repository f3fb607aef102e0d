import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { probeSecret } from '../../../functions/config/app-probes.ts'
import { readConfig } from '../../../functions/config/config.ts'
import { DEPLOYED_SETTINGS } from '../../support/deployed-settings.ts'

const AZURE = DEPLOYED_SETTINGS as Record<string, string>

const problemsOf = (own: Record<string, string>, base: Record<string, string> = AZURE): string => {
  try {
    readConfig({ ...base, ...own })
    return ''
  } catch (error) {
    return String(error)
  }
}
const problemOfList = (text: string) => problemsOf({ PROBE_URL_ALLOWLIST: text })

test('URLs are separated by commas', () => {
  const text = 'https://shop.example.com/api, http://10.0.0.4:8080/'
  expect(readConfig({ ...AZURE, PROBE_URL_ALLOWLIST: text }).probes.allowlist).toEqual([
    'https://shop.example.com/api',
    'http://10.0.0.4:8080/',
  ])
})

test.each([
  'shop.example.com',
  'https://shop.example.com/,https://user:qxzjvk77@shop.example.com/',
  'https://shop.example.com/?sig=qxzjvk77',
  'http://169.254.169.254/',
  'http://[fe80::1]/',
  'http://168.63.129.16/',
  'http://0.0.0.0/',
  'https://a.example/,,',
])('%s is refused, and not repeated', (text) => {
  expect(problemOfList(text)).toContain('PROBE_URL_ALLOWLIST')
  expect(problemOfList(text)).not.toContain('qxzjvk')
})

test.each([
  'http://localhost:3000/',
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://app.localhost/',
  'http://2130706433/',
])('%s is this machine, which only the local stack allows', (text) => {
  expect(problemOfList(text)).toContain('only the local stack allows')
  const local = { ...AZURE, AZURE_LOCAL_TOKEN: 'a-token' }
  expect(problemsOf({ PROBE_URL_ALLOWLIST: text }, local)).toBe('')
  expect(readConfig({ ...local, PROBE_URL_ALLOWLIST: text }).probes.allowLoopback).toBe(true)
})

test('a secret has a setting by its name, and is never shown', () => {
  const { probes } = readConfig({ ...AZURE, PROBE_SECRET_CHECKOUT_TOKEN: 'Bearer qxzjvk77' })
  expect(probeSecret(probes, 'checkout-token')?.reveal()).toBe('Bearer qxzjvk77')
  expect(probeSecret(probes, 'other')).toBeNull()
  expect(inspect(probes, { depth: 9 }) + JSON.stringify(probes)).not.toContain('qxzjvk')
})

test('a reference to Key Vault that was not resolved is named, and so is a value that no header can hold', () => {
  expect(problemsOf({ PROBE_SECRET_A: '@Microsoft.KeyVault(SecretUri=https://v/secrets/qxzjvk77)' })).toMatch(
    /PROBE_SECRET_A is a Key Vault reference that was not resolved/,
  )
  expect(problemsOf({ PROBE_SECRET_A: 'qxzjvk\n77' })).toMatch(/PROBE_SECRET_A must be a text without control/)
  expect(problemsOf({ 'PROBE_SECRET_a-b': 'qxzjvk77' })).toMatch(/capital letters/)
})
