/**
 * Settings of the application probes: the URLs that a drill may probe, and the secrets of their headers and bodies, one setting each
 * (PROBE_SECRET_<NAME>, in Azure a reference to the secret of that name in Key Vault).
 */

import { addressOfHost, isForbiddenAddress } from '../../loadgen-image/connection/app-probe-address.ts'
import { isProbeUrl } from '../../loadgen-image/contract/app-probe.ts'
import type { NameForm } from '../platform/names.ts'
import { isSecretSetting, type ProbeSettings, settingOfSecret } from '../request/app-probes.ts'
import { Secret } from './secret.ts'

type Environment = Readonly<Record<string, string | undefined>>

const MAX_ENTRIES = 50

const entriesOf = (text: string): string[] => text.split(',').map((entry) => entry.trim())

export const URL_PREFIXES: NameForm = {
  expected: `at most ${MAX_ENTRIES} http or https URLs, separated by commas, such as https://shop.example.com/api, without a user, a query or a fragment`,
  problemOf: problemOfPrefixes,
}

/** Names by their position: an entry may hold a secret that was pasted into it. */
function problemOfPrefixes(text: string): string | null {
  const entries = entriesOf(text)
  if (entries.length > MAX_ENTRIES) return `it has ${entries.length} of them`
  const malformed = entries.findIndex((entry) => !isProbeUrl(entry))
  if (malformed >= 0) return `entry ${malformed + 1} is no such URL`
  const forbidden = entries.findIndex((entry) => isNeverProbed(new URL(entry).hostname))
  return forbidden < 0 ? null : `entry ${forbidden + 1} names an address of the platform or of no host`
}

function isNeverProbed(hostname: string): boolean {
  const address = addressOfHost(hostname)
  return address !== null && isForbiddenAddress(address, true)
}

const isThisMachine = (hostname: string): boolean => {
  const address = addressOfHost(hostname)
  return /(^|\.)localhost\.?$/i.test(hostname) || (address !== null && isForbiddenAddress(address, false))
}

const allowlistOf = (text: string | null): string[] => (text === null ? [] : entriesOf(text))

/** Of this machine only where the local stack runs, because a container would probe itself. */
export function problemsOfAllowlist(text: string | null, isLocalStack: boolean): string[] {
  if (text === null || problemOfPrefixes(text) !== null || isLocalStack) return []
  const own = allowlistOf(text).findIndex((entry) => isThisMachine(new URL(entry).hostname))
  return own < 0
    ? []
    : [`PROBE_URL_ALLOWLIST must name other hosts; entry ${own + 1} is this machine, which only the local stack allows`]
}

const secretSettings = (environment: Environment): ReadonlyArray<readonly [name: string, value: string]> =>
  Object.entries(environment).flatMap(([name, text]) => {
    const value = text?.trim() ?? ''
    return name.startsWith('PROBE_SECRET_') && value !== '' ? [[name, value] as const] : []
  })

export const problemsOfProbeSecrets = (environment: Environment): string[] =>
  secretSettings(environment).flatMap(([name, value]) => {
    if (!isSecretSetting(name))
      return [`a setting PROBE_SECRET_<NAME> has a name of capital letters, digits and _ only`]
    if (/^@Microsoft\.KeyVault\(/i.test(value))
      return [
        `${name} is a Key Vault reference that was not resolved: let the app's identity read secrets of that vault`,
      ]
    return /\p{Cc}/u.test(value) ? [`${name} must be a text without control characters`] : []
  })

export interface ProbeConfig extends ProbeSettings {
  readonly secrets: ReadonlyMap<string, Secret>
  readonly allowLoopback: boolean
}

export function probeConfig(environment: Environment, allowlist: string | null, isLocalStack: boolean): ProbeConfig {
  const secrets = new Map(secretSettings(environment).map(([name, value]) => [name, new Secret(value)]))
  return {
    allowlist: allowlistOf(allowlist),
    secretSettings: [...secrets.keys()],
    secrets,
    allowLoopback: isLocalStack,
  }
}

/** By the names that probes use; null: the app does not hold it. */
export const probeSecret = ({ secrets }: Pick<ProbeConfig, 'secrets'>, name: string): Secret | null =>
  secrets.get(settingOfSecret(name)) ?? null

export { settingOfSecret }
