/** Reads the file that sslrootcert names: one or more certificates, as PEM or as DER. Names what else the file holds. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** A problem does not repeat the file's name, which may be a part of a password that was not quoted. */
type Authority = { readonly pem: string } | { readonly problem: string }

const MAX_BYTES = 4 * 1_048_576
const BLOCK = /-----BEGIN ([A-Z0-9# ]+)-----[\s\S]*?-----END \1-----/g
/** Object identifiers, as DER, of the envelopes in which certificates are often handed over. */
const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex')
const DATA = Buffer.from('06092a864886f70d010701', 'hex')
const CONVERT_PKCS7 = 'convert it with: openssl pkcs7 -print_certs -in FILE -out ca.pem'
const CONVERT_PKCS12 = 'convert it with: openssl pkcs12 -nokeys -cacerts -in FILE -out ca.pem'

export function readAuthority(path: string): Authority {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) return { problem: 'is a folder; name one file with the certificate of the authority' }
    if (!stats.isFile() && !stats.isFIFO()) return { problem: 'is not a regular file' }
    if (stats.size > MAX_BYTES) return { problem: 'is too large for a certificate' }
    return certificatesIn(readFileSync(path))
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error'
    return { problem: code === 'ENOENT' ? 'there is no such file (ENOENT)' : `the file cannot be read (${code})` }
  }
}

function certificatesIn(bytes: Buffer): Authority {
  const text = bytes.toString('latin1')
  if (text.trim() === '') return { problem: 'the file is empty' }
  const blocks = [...text.matchAll(BLOCK)].map(([block, kind]) => ({ block, kind }))
  const certificates = blocks.filter(({ kind }) => kind === 'CERTIFICATE' || kind === 'X509 CERTIFICATE')
  if (certificates.length > 0) return allValid(certificates.map(({ block }) => block))
  const [first] = blocks
  if (first?.kind === 'PKCS7' || first?.kind === 'CMS') return { problem: `holds PKCS#7; ${CONVERT_PKCS7}` }
  if (first !== undefined) return { problem: `holds ${article(first.kind as string)} and no certificate` }
  if (text.includes('-----BEGIN')) return { problem: 'holds a PEM block that does not end; the file is cut off' }
  return derIn(bytes)
}

function allValid(blocks: readonly string[]): Authority {
  for (const [index, block] of blocks.entries())
    if (parsed(block) === null) return { problem: `certificate ${index + 1} of ${blocks.length} in it is not valid` }
  return { pem: `${blocks.join('\n')}\n` }
}

function derIn(bytes: Buffer): Authority {
  const certificate = parsed(bytes)
  if (certificate !== null) return { pem: certificate.toString() }
  if (bytes.includes(SIGNED_DATA))
    return { problem: `holds PKCS#7 in DER; ${CONVERT_PKCS7.replace('-in', '-inform DER -in')}` }
  if (bytes.includes(DATA)) return { problem: `holds PKCS#12; ${CONVERT_PKCS12}` }
  return { problem: 'holds no certificate; expected PEM (-----BEGIN CERTIFICATE-----) or DER' }
}

function parsed(certificate: string | Buffer): X509Certificate | null {
  try {
    return new X509Certificate(certificate)
  } catch {
    return null
  }
}

const article = (kind: string): string => `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
