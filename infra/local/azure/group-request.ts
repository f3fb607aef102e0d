/** The body of a container group's PUT, read and refused as the platform would. */
import { ArmError } from './arm-error.ts'

export interface GroupRequest {
  readonly location: string
  readonly tags: Readonly<Record<string, string>>
  readonly identity: unknown
  readonly containerName: string
  readonly image: string
  readonly cpu: number
  readonly memoryGb: number
  /** Plain values, which a read shows. */
  readonly environment: Readonly<Record<string, string>>
  /** Secure values, of which a read shows the names. */
  readonly secureEnvironment: Readonly<Record<string, string>>
  readonly registryCredentials: unknown
  readonly subnetIds: unknown
  readonly dnsConfig: unknown
  readonly restartPolicy: string
}

type Loose = Readonly<Record<string, unknown>>

export function parseGroup(body: unknown): GroupRequest {
  const group = objectOf(body, 'the request body')
  const properties = objectOf(group.properties, 'properties')
  const container = objectOf(listOf(properties.containers, 'properties.containers')[0], 'the first container')
  const inner = objectOf(container.properties, 'container.properties')
  const requests = objectOf(objectOf(inner.resources, 'resources').requests, 'resources.requests')
  if (properties.osType !== 'Linux') throw invalid("osType must be 'Linux'")
  return {
    location: textOf(group.location, 'location'),
    tags: tagsOf(group.tags),
    identity: group.identity,
    containerName: textOf(container.name, 'container name'),
    image: textOf(inner.image, 'image'),
    cpu: amountOf(requests.cpu, 'cpu'),
    memoryGb: amountOf(requests.memoryInGB, 'memoryInGB'),
    environment: variablesOf(inner.environmentVariables, 'value'),
    secureEnvironment: variablesOf(inner.environmentVariables, 'secureValue'),
    registryCredentials: properties.imageRegistryCredentials ?? [],
    subnetIds: properties.subnetIds,
    dnsConfig: properties.dnsConfig,
    restartPolicy: typeof properties.restartPolicy === 'string' ? properties.restartPolicy : 'Always',
  }
}

const invalid = (what: string) =>
  new ArmError(400, 'InvalidRequestContent', `The request content was invalid: ${what}.`)

function objectOf(value: unknown, what: string): Loose {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is not an object`)
  return value as Loose
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== 1) throw invalid(`${what} must hold one container`)
  return value
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(`${what} is missing`)
  return value
}

function amountOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !(value > 0)) throw invalid(`${what} must be a number above 0`)
  return value
}

const tagsOf = (value: unknown): Record<string, string> =>
  value === undefined
    ? {}
    : Object.fromEntries(Object.entries(objectOf(value, 'tags')).map(([name, tag]) => [name, String(tag)]))

function variablesOf(value: unknown, kind: 'value' | 'secureValue'): Record<string, string> {
  const variables = Array.isArray(value) ? value.map((one) => objectOf(one, 'an environment variable')) : []
  return Object.fromEntries(
    variables.flatMap((one) => {
      const content = one[kind]
      return typeof content === 'string' ? [[textOf(one.name, 'the name of a variable'), content]] : []
    }),
  )
}

/** The platform's own limits on names. */
export function requireGroupName(name: string): void {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    throw new ArmError(
      400,
      'InvalidContainerGroupName',
      `The container group name '${name}' is invalid: lower-case letters, digits and '-', at most 63.`,
    )
}
