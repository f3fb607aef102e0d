/** The operations on containers. */
import { idInPath, type Json, ok, ref, refusal, unavailable } from './parts.ts'

/** By path, then by method. */
export const CONTAINER_PATHS = {
  '/api/containers': {
    get: {
      operationId: 'listContainers',
      summary: 'The load generators that exist now, and what they have cost so far',
      responses: { 200: ok('Those with the tag of this app', ref('ContainerList')), ...unavailable },
    },
  },
  '/api/containers/{id}': {
    delete: {
      operationId: 'deleteContainers',
      summary: 'Delete the containers that a drill left behind, by the id of the drill',
      parameters: [idInPath],
      responses: {
        200: ok('Deleted, as far as the platform accepted it', ref('DeletedContainers')),
        404: refusal('No id of a drill'),
        409: refusal('The drill is running'),
        ...unavailable,
      },
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Json>>>>
