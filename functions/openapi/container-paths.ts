/** The operations on containers, and the shapes of their answers. */
import { idInPath, type Json, nullable, object, ok, ref, refusal, string, unavailable } from './parts.ts'

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

const number: Json = { type: 'number' }

export const CONTAINER_SHAPES: Json = {
  ContainerList: object({
    containers: {
      type: 'array',
      items: object({
        name: string,
        drillId: string,
        drillRuns: { type: 'boolean' },
        provisioningState: string,
        state: nullable({ enum: ['Waiting', 'Running', 'Terminated'] }),
        zone: nullable(string),
        startedAt: nullable(string),
        finishedAt: nullable(string),
        expiresAt: nullable(string),
        cpu: nullable(number),
        memoryGb: nullable(number),
        seconds: nullable(number),
        cost: nullable(number),
      }),
    },
    currency: string,
    amount: nullable(number),
    source: string,
  }),
  DeletedContainers: object({
    drillId: string,
    deleted: { type: 'array', items: string },
    problems: { type: 'array', items: string },
  }),
}
