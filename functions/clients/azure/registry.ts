/** Whether the load generator's image is in its registry, and which digest it has. */
import { ContainerRegistryContentClient } from '@azure/container-registry'
import { parseImageReference } from '../../platform/image-reference.ts'
import type { ImageRegistry } from '../clients.ts'
import { type AzureAccess, answerTimeout, SHORT_RETRIES, shortPatience, tlsOptions } from './azure.ts'
import { isNotFound } from './azure-errors.ts'

/** Registries of every cloud accept a token for this audience. */
const AUDIENCE = 'https://containerregistry.azure.net'

/** Reads the manifest only, which pulling does too: the same permission is enough. */
export function createImageRegistry(access: AzureAccess, image: string): ImageRegistry {
  const { registry, repository, version } = parseImageReference(image)
  const client = new ContainerRegistryContentClient(`https://${registry}`, repository, access.credential, {
    audience: AUDIENCE,
    retryOptions: SHORT_RETRIES,
    additionalPolicies: [answerTimeout(access), shortPatience],
    ...tlsOptions(access),
  })
  return {
    image: async () => {
      try {
        const { digest } = await client.getManifest(version)
        return { reference: image, exists: true, digest }
      } catch (cause) {
        if (isNotFound(cause)) return { reference: image, exists: false, digest: null }
        throw new Error(`reading the manifest of ${image} failed; the app's identity needs AcrPull on the registry`, {
          cause,
        })
      }
    },
  }
}
