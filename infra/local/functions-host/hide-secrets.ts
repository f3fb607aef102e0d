/**
 * Keeps secrets out of the output of this process, which is a log that people read, keep and send on. Every write to it passes here,
 * because the app and its libraries print too.
 */

const SECRET_NAME =
  /PASSWORD|SECRET|TOKEN|_KEY|CONNECTION_STRING|WEBHOOK_URL|CONTAINER_URL|TABLE_URL|^AzureWebJobsStorage$/
/** Parts of connection strings, of addresses and of their queries. */
const SECRET_PART = /(?:AccountKey|SharedAccessSignature|Password|sig|code)=([^;&\s"']+)/gi
/** A shorter value is no secret, and occurs in ordinary words. */
const MIN_LENGTH = 6

export function secretsOf(
  environment: Readonly<Record<string, string | undefined>>,
  keys: readonly string[],
): string[] {
  const named = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && SECRET_NAME.test(name) ? [value, ...partsOf(value)] : [],
  )
  const secrets = [...named, ...keys].filter((secret) => secret.length >= MIN_LENGTH)
  const written = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
  // The longest first: one secret may contain another.
  return [...new Set(written)].sort((a, b) => b.length - a.length)
}

const partsOf = (value: string): string[] => [...value.matchAll(SECRET_PART)].map(([, part]) => part ?? '')

export const hideIn = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((shown, secret) => shown.replaceAll(secret, '(hidden)'), text)

/** Applies to every later write to the two streams. */
export function hideInOutput(secrets: readonly string[]): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
    stream.write = ((chunk: Uint8Array | string, ...rest: unknown[]) =>
      write(
        hideIn(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'), secrets),
        ...rest,
      )) as typeof stream.write
  }
}
