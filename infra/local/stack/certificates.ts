/**
 * TLS for the local Azure endpoint: the SDKs send tokens over https only. A certificate authority of this stack alone signs one
 * server certificate for 127.0.0.1; the machine's trust store stays unchanged.
 */
// x509's dependency injection needs the polyfill before it loads.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

export interface ServerCertificate {
  /** Of the authority that clients trust. */
  readonly caPem: string
  readonly certificatePem: string
  /** A secret. */
  readonly privateKeyPem: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

export async function createServerCertificate(
  hosts: readonly string[] = ['localhost', '127.0.0.1'],
): Promise<ServerCertificate> {
  x509.cryptoProvider.set(crypto)
  const caKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const serverKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const ca = await selfSigned(caKeys)
  const certificate = await signedBy(ca, caKeys.privateKey, serverKeys.publicKey, hosts)
  return {
    caPem: ca.toString('pem'),
    certificatePem: certificate.toString('pem'),
    privateKeyPem: await exportKey(serverKeys.privateKey),
  }
}

function selfSigned(keys: CryptoKeyPair): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=pg-failover-drill local CA',
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
}

function signedBy(
  ca: x509.X509Certificate,
  signingKey: CryptoKey,
  publicKey: CryptoKey,
  hosts: readonly string[],
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    subject: `CN=${hosts[0]}`,
    issuer: ca.subject,
    signingKey,
    publicKey,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: /^[\d.]+$/.test(host) ? ('ip' as const) : ('dns' as const), value: host })),
      ),
    ],
  })
}

/** From yesterday, so that it stays valid when the clock steps back; a stack may stay up for days. */
const validity = () => ({
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + 90 * DAY_MS),
})

async function exportKey(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key)
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}
