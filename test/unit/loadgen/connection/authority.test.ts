import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createServerCertificate } from '../../../../infra/local/stack/certificates.ts'
import { readAuthority } from '../../../../loadgen-image/connection/authority.ts'
import { parseConnectionString } from '../../../../loadgen-image/connection/connection-string.ts'

let folder: string
let pem: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'authority-test-'))
  pem = (await createServerCertificate()).caPem
})
afterAll(() => rmSync(folder, { recursive: true }))

const fingerprints = (text: string) =>
  [...text.matchAll(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g)].map(
    ([block]) => new X509Certificate(block).fingerprint256,
  )
const written = (content: string | Uint8Array): string => {
  const file = join(folder, 'MARKED.crt')
  writeFileSync(file, content)
  return file
}
const der = () => new X509Certificate(pem).raw

test.each([
  ['PEM', () => pem, 1],
  [
    'PEM with Windows line ends, a mark of its encoding, and words before it',
    () => `\uFEFFsubject: x\r\n${pem.replaceAll('\n', '\r\n')}`,
    1,
  ],
  ['two certificates', () => `${pem}\n${pem}`, 2],
  ['a certificate and a private key', () => `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${pem}`, 1],
  ['DER', der, 1],
])('%s is read', (_, content, count) => {
  const authority = readAuthority(written(content()))
  expect(authority).toHaveProperty('pem')
  const own = new X509Certificate(pem).fingerprint256
  expect('pem' in authority && fingerprints(authority.pem)).toEqual(Array.from({ length: count }, () => own))
})

const block = (kind: string) => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`
const envelope = (lastByte: number) =>
  Buffer.from([0x30, 0x10, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 7, lastByte])

test.each([
  ['an empty file', () => '', /^the file is empty$/],
  ['white space', () => ' \n', /^the file is empty$/],
  ['a private key', () => block('PRIVATE KEY'), /^holds a PRIVATE KEY and no certificate$/],
  ['PKCS#7 as PEM', () => block('PKCS7'), /^holds PKCS#7; convert it with: openssl pkcs7 -print_certs -in FILE/],
  ['PKCS#7 as DER', () => envelope(2), /^holds PKCS#7 in DER; convert it with: openssl pkcs7 -print_certs -inform DER/],
  ['PKCS#12', () => envelope(1), /^holds PKCS#12; convert it with: openssl pkcs12/],
  ['a certificate that was cut off', () => pem.slice(0, 200), /^holds a PEM block that does not end/],
  ['a damaged second certificate', () => pem + block('CERTIFICATE'), /^certificate 2 of 2 in it is not valid$/],
  ['a web page', () => '<html>not found</html>', /^holds no certificate; expected PEM .* or DER$/],
])('%s is named as what it is', (_, content, problem) => {
  expect(readAuthority(written(content()))).toEqual({ problem: expect.stringMatching(problem) })
})

test('a folder, a missing file and a device are named, and the path is not repeated', () => {
  mkdirSync(join(folder, 'MARKED'))
  const problems = [join(folder, 'MARKED'), join(folder, 'MARKED-nowhere'), '/dev/zero'].map((path) =>
    parseConnectionString(`postgres://u:p@h/d?sslrootcert=${path}`),
  )
  expect(problems).toEqual([
    { problems: ['sslrootcert: is a folder; name one file with the certificate of the authority'] },
    { problems: ['sslrootcert: there is no such file (ENOENT)'] },
    { problems: ['sslrootcert: is not a regular file'] },
  ])
})

test('an authority is used in every mode that encrypts, and not looked at where nothing is encrypted', () => {
  const url = (mode: string, file = written(pem)) => `postgres://u:p@h/d?sslmode=${mode}&sslrootcert=${file}`
  for (const mode of ['allow', 'prefer', 'require', 'verify-ca', 'verify-full'])
    expect(parseConnectionString(url(mode)), mode).toMatchObject({
      value: { tls: { ca: expect.stringContaining('BEGIN'), verifiesAuthority: true } },
    })
  expect(parseConnectionString(url('disable', '/nowhere'))).toMatchObject({ value: { tls: null } })
})
