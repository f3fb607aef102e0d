import { expect, test } from 'vitest'
import { readAddress } from '../../../infra/local/http/address.ts'

test.each([
  ['https://func.azurewebsites.net', 'https://func.azurewebsites.net/api'],
  ['https://func.azurewebsites.net/', 'https://func.azurewebsites.net/api'],
  ['https://func.azurewebsites.net/api', 'https://func.azurewebsites.net/api'],
  ['https://func.azurewebsites.net/api/dashboard', 'https://func.azurewebsites.net/api'],
  ['https://gateway.example:8443/drills/api/', 'https://gateway.example:8443/drills/api'],
  ['http://127.0.0.1:7071', 'http://127.0.0.1:7071/api'],
  ['http://localhost:7071/api', 'http://localhost:7071/api'],
  ['http://[::1]:7071', 'http://[::1]:7071/api'],
])('%s is the API %s', (text, apiUrl) => expect(readAddress(text)).toMatchObject({ address: { apiUrl } }))

test.each([
  ['http://func.azurewebsites.net', 'https://'],
  ['http://10.0.0.4:7071', 'https://'],
  ['http://localhost.evil.example', 'https://'],
  ['http://127.0.0.1.evil.example', 'https://'],
  ['http://127.0.0.1@evil.example', 'without a login'],
  ['https://func.example/api?code=kqzjxv0123', 'DRILL_FUNCTION_KEY'],
  ['https://func.example/#kqzjxv0123', 'DRILL_FUNCTION_KEY'],
  ['func.azurewebsites.net', 'the address of an app'],
  ['ftp://func.example', 'the address of an app'],
  ['https://', 'the address of an app'],
])('%s is refused', (text, words) => {
  const read = readAddress(text)
  expect(read).toHaveProperty('problem', expect.stringContaining(words))
  expect(JSON.stringify(read)).not.toContain('kqzjxv')
})
