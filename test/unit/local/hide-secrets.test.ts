import { expect, test } from 'vitest'
import { hideIn, secretsOf } from '../../../infra/local/functions-host/hide-secrets.ts'

const ENVIRONMENT = {
  POSTGRES_PASSWORD: 'pa ss/word+1',
  DRILL_BLOB_CONNECTION_STRING: 'UseIt=x;AccountName=a;AccountKey=MARKEDKEY==;BlobEndpoint=http://127.0.0.1:1/a',
  DRILL_BLOB_CONTAINER_URL: 'https://a.blob.core.windows.net/c?sv=1&sig=MARKEDSAS%3D',
  AZURE_LOCAL_TOKEN: 'MARKEDTOKEN',
  POSTGRES_SERVER: 'pg-local',
}
const secrets = secretsOf(ENVIRONMENT, ['MARKEDMASTER', ''])

test.each([
  'connecting with pa ss/word+1 failed',
  'postgres://u:pa%20ss%2Fword%2B1@h/d',
  'AccountKey=MARKEDKEY==',
  'GET /c?sv=1&sig=MARKEDSAS%3D',
  'Bearer MARKEDTOKEN',
  '?code=MARKEDMASTER',
  JSON.stringify(ENVIRONMENT),
])('%s is printed without its secret', (text) => {
  const shown = hideIn(text, secrets)
  expect(shown).toContain('(hidden)')
  expect(shown).not.toMatch(/MARKED|pa ss|pa%20ss/)
})

test('other words stay', () => {
  expect(hideIn('pg-local does not answer', secrets)).toBe('pg-local does not answer')
})
