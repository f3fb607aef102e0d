/** What a deployment needs of a region and a subscription, judged before anything is created, with what would do instead. */
import type { Capability, Location, SkuCapability } from './answers.ts'

/** A row of skus.json. */
interface Sku {
  readonly tier: string
  readonly vCores: number
  readonly memoryGiB: number
}
export type SkuTable = Readonly<Record<string, Sku>>

/** The parameters of the template that Azure may refuse in a region. */
export interface WantedServer {
  readonly location: string
  readonly sku: string
  readonly version: string
  readonly haMode: string
  readonly storage: { readonly type: string; readonly sizeGiB: number; readonly tier: string }
}

export interface Finding {
  readonly subject: string
  /** unknown: the question was refused. It stops nothing. */
  readonly state: 'ok' | 'problem' | 'unknown'
  readonly text: string
}

export const ok = (subject: string, text: string): Finding => ({ subject, state: 'ok', text })
export const problem = (subject: string, text: string): Finding => ({ subject, state: 'problem', text })
export const unknown = (subject: string, text: string): Finding => ({ subject, state: 'unknown', text })

// ---- The server -------------------------------------------------------------------------------------------------------

const ZONE_REDUNDANT = 'ZoneRedundant'
const DISKS: Readonly<Record<string, string>> = { Premium_LRS: 'ManagedDisk', PremiumV2_LRS: 'ManagedDiskV2' }

/** Null: the region would do. Else the first reason why not. */
export function refusalOf(
  wanted: WantedServer,
  table: SkuTable,
  answer: readonly Capability[],
): Pick<Finding, 'subject' | 'text'> | null {
  const { location } = wanted
  if (answer.length === 0) return { subject: 'region', text: `${location} offers no flexible servers` }
  const restricted = answer.find(({ restricted: is, status }) => is === 'Enabled' || status === 'Disabled')
  if (restricted !== undefined)
    return {
      subject: 'region',
      text: `this subscription may not create flexible servers in ${location}: ${restricted.reason ?? 'restricted'}`,
    }
  return (
    refusalOfHa(wanted, answer) ??
    refusalOfSku(wanted, table, answer) ??
    refusalOfVersion(wanted, answer) ??
    refusalOfStorage(wanted, table, answer)
  )
}

function refusalOfHa({ haMode, location }: WantedServer, answer: readonly Capability[]) {
  if (haMode !== ZONE_REDUNDANT || answer.some(allowsZones)) return null
  return {
    subject: 'high availability',
    text: `${location} creates no new servers with zone-redundant high availability`,
  }
}

/** Two places say it, and a blocked region may keep one of them. */
const allowsZones = ({ zoneRedundantHaSupported, supportedFeatures }: Capability): boolean => {
  const said = [
    zoneRedundantHaSupported,
    supportedFeatures?.find(({ name }) => name.toLowerCase() === 'zoneredundantha')?.status,
  ].filter((value) => value !== null && value !== undefined)
  return said.length > 0 && said.every((value) => value === 'Enabled')
}

function refusalOfSku(wanted: WantedServer, table: SkuTable, answer: readonly Capability[]) {
  const found = skusOf(answer).find(({ name }) => sameName(name, wanted.sku))
  if (found === undefined) return { subject: 'SKU', text: `${wanted.location} does not offer ${wanted.sku}` }
  if (!supportsHa(found, wanted.haMode))
    return { subject: 'SKU', text: `${wanted.sku} has no ${wanted.haMode} high availability in ${wanted.location}` }
  return refusalOfRow(wanted.sku, table, found)
}

const supportsHa = ({ supportedHaMode, supportedZones }: SkuCapability, haMode: string): boolean =>
  (supportedHaMode ?? []).includes(haMode) && (haMode !== ZONE_REDUNDANT || (supportedZones ?? []).length >= 2)

/** The template computes the memory parameters from the table, so a wrong row would be a server that does not start. */
function refusalOfRow(name: string, table: SkuTable, { vCores, supportedMemoryPerVcoreMb }: SkuCapability) {
  const row = table[name]
  if (row === undefined) return { subject: 'SKU', text: `${name} has no row in infra/azure/skus.json` }
  const memoryGiB = (vCores * supportedMemoryPerVcoreMb) / 1024
  return row.vCores === vCores && row.memoryGiB === memoryGiB
    ? null
    : {
        subject: 'SKU',
        text: `${name} has ${vCores} vCores and ${memoryGiB} GiB in Azure, and ${row.vCores} and ${row.memoryGiB} in infra/azure/skus.json`,
      }
}

function refusalOfVersion({ version, location }: WantedServer, answer: readonly Capability[]) {
  const offered = answer.flatMap(({ supportedServerVersions }) => supportedServerVersions ?? []).map(({ name }) => name)
  if (offered.length === 0 || offered.includes(version)) return null
  return {
    subject: 'version',
    text: `${location} does not offer PostgreSQL ${version}; it offers ${[...new Set(offered)].join(', ')}`,
  }
}

function refusalOfStorage({ storage, sku, location }: WantedServer, table: SkuTable, answer: readonly Capability[]) {
  const edition = answer
    .flatMap(({ supportedServerEditions }) => supportedServerEditions ?? [])
    .find(({ name }) => name === table[sku]?.tier)
  const disks = edition?.supportedStorageEditions ?? []
  if (disks.length === 0) return null
  const disk = disks.find(({ name }) => name === DISKS[storage.type])
  if (disk === undefined) return { subject: 'storage', text: `${location} does not offer ${storage.type} for ${sku}` }
  if (storage.type !== 'Premium_LRS') return null
  const sizes = [...(disk.supportedStorageMb ?? [])].sort((a, b) => a.storageSizeMb - b.storageSizeMb)
  const size = sizes.find(({ storageSizeMb }) => storageSizeMb >= storage.sizeGiB * 1024)
  const tiers = size?.supportedIopsTiers?.map(({ name }) => name) ?? []
  return tiers.length === 0 || tiers.includes(storage.tier)
    ? null
    : {
        subject: 'storage',
        text: `a disk of ${storage.sizeGiB} GiB takes no tier ${storage.tier} in ${location}; it takes ${tiers.join(', ')}`,
      }
}

const skusOf = (answer: readonly Capability[]): SkuCapability[] =>
  answer.flatMap(({ supportedServerEditions }) =>
    (supportedServerEditions ?? []).flatMap(({ supportedServerSkus }) => supportedServerSkus ?? []),
  )

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

// ---- What would do ----------------------------------------------------------------------------------------------------

/** SKUs of the table that the region offers, at least as large as the wanted one, nearest first. */
export function otherSkus(wanted: WantedServer, table: SkuTable, answer: readonly Capability[]): string[] {
  const own = table[wanted.sku]
  if (own === undefined) return []
  return Object.entries(table)
    .filter(([name, row]) => name !== wanted.sku && row.vCores >= own.vCores && row.memoryGiB >= own.memoryGiB)
    .filter(([name]) => refusalOf({ ...wanted, sku: name }, table, answer) === null)
    .sort(([, a], [, b]) => a.vCores - b.vCores || a.memoryGiB - b.memoryGiB)
    .map(([name]) => name)
}

/** Regions with zones in the same part of the world: where a deployment would be tried next. */
export function otherRegions(location: string, all: readonly Location[]): string[] {
  const own = all.find(({ name }) => sameName(name, location))
  return all
    .filter(({ name, metadata }) => !sameName(name, location) && metadata?.regionType !== 'Logical')
    .filter(({ availabilityZoneMappings }) => (availabilityZoneMappings ?? []).length >= 2)
    .filter(({ metadata }) => metadata?.geographyGroup === own?.metadata?.geographyGroup)
    .map(({ name }) => name)
}

export function advice(location: string, skus: readonly string[], regions: readonly string[]): string {
  const ways = [
    skus.length === 0 ? '' : `serverSku=${skus.slice(0, 3).join(' or ')} in ${location}`,
    regions.length === 0 ? '' : `the region ${regions.slice(0, 3).join(' or ')}`,
  ].filter((way) => way !== '')
  return ways.length === 0 ? 'No other SKU and no near region was found that would do' : `Would do: ${ways.join('; ')}`
}

// ---- The app, the providers and the load generators -------------------------------------------------------------------

/** Azure registers the providers of a template's resources by itself. Only running drills and the app's network use these. */
export const RUNTIME_PROVIDERS = ['Microsoft.App', 'Microsoft.ContainerInstance'] as const

export function judgeRuntime(location: string, wanted: string, offered: readonly string[]): Finding {
  return offered.includes(wanted)
    ? ok('runtime', `Flex Consumption runs Node ${wanted} in ${location}`)
    : problem(
        'runtime',
        offered.length === 0
          ? `${location} has no Flex Consumption: choose another region`
          : `Flex Consumption in ${location} runs Node ${offered.join(', ')}, not ${wanted}: choose another region`,
      )
}

export function judgeProviders(
  needed: readonly string[],
  all: ReadonlyArray<{ readonly namespace: string; readonly registrationState: string }>,
): Finding {
  const states = new Map(all.map(({ namespace, registrationState }) => [namespace.toLowerCase(), registrationState]))
  const missing = needed.filter((name) => states.get(name.toLowerCase()) !== 'Registered')
  return missing.length === 0
    ? ok('providers', `${needed.length} resource providers are registered`)
    : problem('providers', `not registered: ${missing.join(', ')}. Run: npm run release -- providers`)
}

/** The default drill: one container. */
const NEEDED = { ContainerGroups: 1, StandardCores: 2 } as const

export function judgeQuota(
  location: string,
  all: ReadonlyArray<{ readonly currentValue: number; readonly limit: number; readonly name: { value: string } }>,
): Finding {
  const rows = Object.entries(NEEDED).flatMap(([name, count]) => {
    const row = all.find((usage) => sameName(usage.name.value, name))
    return row === undefined ? [] : [{ name, count, free: row.limit - row.currentValue }]
  })
  const short = rows.filter(({ count, free }) => free < count)
  if (rows.length === 0) return unknown('container quota', `${location} reports no usage of Container Instances`)
  return short.length === 0
    ? ok('container quota', `free in ${location}: ${rows.map(({ name, free }) => `${free} ${name}`).join(', ')}`)
    : problem(
        'container quota',
        `${short.map(({ name, free, count }) => `${free} ${name} free of ${count} that one drill needs`).join(', ')} in ${location}: delete container groups, or request quota`,
      )
}

// ---- The template -----------------------------------------------------------------------------------------------------

/** Namespaces of all resource types in a compiled template. */
export const namespacesIn = (templateJson: string): string[] =>
  [...new Set([...templateJson.matchAll(/"type":\s*"(Microsoft\.\w+)\//g)].map(([, name]) => name ?? ''))]
    .filter((name) => !['Microsoft.Resources', 'Microsoft.Authorization'].includes(name))
    .sort()

/** The value that the deployment will use, where it is a literal. */
export function wantedServer(
  given: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
  location: string,
): WantedServer {
  const value = (name: string): string => String(given[name] ?? defaults[name] ?? '')
  return {
    location: given.location === undefined ? location : value('location'),
    sku: value('serverSku'),
    version: value('serverVersion'),
    haMode: value('highAvailabilityMode'),
    storage: {
      type: value('storageType'),
      sizeGiB: Number(value('storageSizeGiB')),
      tier: value('storageTier'),
    },
  }
}
