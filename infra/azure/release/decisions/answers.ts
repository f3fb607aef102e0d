/**
 * Answers of the Azure CLI, read strictly where a decision depends on them. `az rest` returns Resource Manager's own JSON, whose shape
 * follows its API version; the shapes of other commands change between releases of the CLI, so little of them is read.
 */
import * as z from 'zod'
import { CannotRun } from '../../../local/process/problem.ts'
import type { LiveParameter } from './parameters.ts'

/** Reads an answer, or says which command gave another one than expected. */
export function read<T>(schema: z.ZodType<T>, answer: unknown, of: string): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  throw new CannotRun(
    `${of} has an unexpected form at ${first?.path.join('.') || 'its root'}: ${first?.message ?? 'unreadable'}`,
  )
}

const page = <T extends z.ZodType>(item: T) => z.object({ value: z.array(item), nextLink: z.string().nullish() })
const text = z.string().nullish()

// ---- PostgreSQL -------------------------------------------------------------------------------------------------------

const feature = z.object({ name: z.string(), status: text })
const storageSize = z.object({
  storageSizeMb: z.number(),
  supportedIopsTiers: z.array(z.object({ name: z.string(), iops: z.number() })).nullish(),
})
const storageEdition = z.object({ name: z.string(), supportedStorageMb: z.array(storageSize).nullish() })
const sku = z.object({
  name: z.string(),
  vCores: z.number(),
  supportedIops: z.number().nullish(),
  supportedMemoryPerVcoreMb: z.number(),
  supportedZones: z.array(z.string()).nullish(),
  supportedHaMode: z.array(z.string()).nullish(),
})
const edition = z.object({
  name: z.string(),
  supportedServerSkus: z.array(sku).nullish(),
  supportedStorageEditions: z.array(storageEdition).nullish(),
})
const capability = z.object({
  name: text,
  status: text,
  reason: text,
  restricted: text,
  zoneRedundantHaSupported: text,
  supportedFeatures: z.array(feature).nullish(),
  supportedServerEditions: z.array(edition).nullish(),
  supportedServerVersions: z.array(z.object({ name: z.string() })).nullish(),
})
export type Capability = z.infer<typeof capability>
export type SkuCapability = z.infer<typeof sku>
/** GET locations/{location}/capabilities */
export const capabilities = page(capability)

const configuration = z.object({
  name: z.string(),
  properties: z.object({
    value: text,
    isReadOnly: z.boolean().nullish(),
    isConfigPendingRestart: z.boolean().nullish(),
  }),
})
/** GET flexibleServers/{server}/configurations */
export const configurations = page(configuration)

export const liveParameters = ({ value }: z.infer<typeof configurations>): LiveParameter[] =>
  value.map(({ name, properties }) => ({
    name,
    value: properties.value ?? null,
    isReadOnly: properties.isReadOnly === true,
    isPendingRestart: properties.isConfigPendingRestart === true,
  }))

/** GET flexibleServers/{server} */
export const server = z.object({
  name: z.string(),
  location: z.string(),
  sku: z.object({ name: z.string() }).nullish(),
  properties: z.object({
    state: text,
    availabilityZone: text,
    highAvailability: z.object({ mode: text, state: text, standbyAvailabilityZone: text }).nullish(),
    storage: z.object({ storageSizeGB: z.number().nullish(), tier: text, type: text }).nullish(),
  }),
})
export type Server = z.infer<typeof server>

// ---- Others -----------------------------------------------------------------------------------------------------------

/** GET Microsoft.ContainerInstance/locations/{location}/usages */
export const usages = page(
  z.object({ currentValue: z.number(), limit: z.number(), name: z.object({ value: z.string() }) }),
)
export const runtimes = z.array(z.object({ version: z.string() }))
export const providers = z.array(z.object({ namespace: z.string(), registrationState: z.string() }))
export const locations = z.array(
  z.object({
    name: z.string(),
    metadata: z.object({ geographyGroup: text, regionType: text }).nullish(),
    availabilityZoneMappings: z.array(z.unknown()).nullish(),
  }),
)
export type Location = z.infer<typeof locations>[number]

export const group = z.object({ name: z.string(), location: z.string() })
export const settings = z.array(z.object({ name: z.string(), value: text }))
export const functionList = z.array(z.unknown())
export const keys = z.object({ functionKeys: z.record(z.string(), z.string()).nullish() })
export const named = z.array(z.object({ id: z.string(), name: z.string() }))
export const image = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })

const outputValue = z.object({ value: z.unknown() })
/** Outputs of a deployment. Azure returns the names in any case. */
export const deployment = z.object({
  properties: z.object({ outputs: z.record(z.string(), outputValue).nullish(), provisioningState: text }),
})

export const resources = z.array(
  z.object({ id: z.string(), name: z.string(), type: z.string(), tags: z.record(z.string(), z.string()).nullish() }),
)
export type Resource = z.infer<typeof resources>[number]
/** GET roleDefinitions and roleAssignments of a scope, as Resource Manager lists them. */
export const roleDefinition = z.object({
  id: z.string(),
  properties: z.object({ roleName: z.string(), type: text, assignableScopes: z.array(z.string()).nullish() }),
})
export type RoleDefinition = z.infer<typeof roleDefinition>
export const roleAssignment = z.object({
  id: z.string(),
  properties: z.object({ scope: z.string(), roleDefinitionId: z.string(), principalId: z.string() }),
})
export type RoleAssignment = z.infer<typeof roleAssignment>
export const identities = z.array(z.object({ name: z.string(), principalId: text }))
export const deletedVaults = z.array(z.object({ name: z.string() }))

// ---- Templates --------------------------------------------------------------------------------------------------------

/** `az bicep build-params --stdout` */
export const builtParameters = z.object({ parametersJson: z.string(), templateJson: z.string() })
export const parameterFile = z.object({ parameters: z.record(z.string(), z.object({ value: z.unknown() })) })
export const compiledTemplate = z.object({
  parameters: z.record(z.string(), z.object({ defaultValue: z.unknown().optional() })),
})
