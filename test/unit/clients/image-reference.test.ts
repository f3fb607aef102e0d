import { expect, test } from 'vitest'
import { parseImageReference } from '../../../functions/clients/image-reference.ts'

const DIGEST = `sha256:${'0a'.repeat(32)}`

test.each([
  [`registry.azurecr.io/loadgen@${DIGEST}`, 'registry.azurecr.io', 'loadgen', DIGEST],
  ['registry.azurecr.io/team/loadgen:1.2.3', 'registry.azurecr.io', 'team/loadgen', '1.2.3'],
  ['registry.azurecr.io/loadgen', 'registry.azurecr.io', 'loadgen', 'latest'],
  [`127.0.0.1:5000/loadgen@${DIGEST}`, '127.0.0.1:5000', 'loadgen', DIGEST],
])('%s is taken apart', (reference, registry, repository, version) => {
  expect(parseImageReference(reference)).toEqual({ registry, repository, version })
})

test.each([
  ['no registry', 'loadgen'],
  ['capitals in the name', 'registry.azurecr.io/Loadgen'],
  ['a short digest', 'registry.azurecr.io/loadgen@sha256:0a'],
  ['a slash at the end', 'registry.azurecr.io/loadgen/'],
  ['nothing', ''],
])('%s is refused, with the wanted form', (_why, reference) => {
  expect(() => parseImageReference(reference)).toThrow(/LOADGEN_IMAGE must read <registry>\/<name>@sha256:<digest>/)
})
