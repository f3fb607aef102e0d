import { expect, test } from 'vitest'
import { parseImageReference } from '../../../functions/platform/image-reference.ts'

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
  ['a tag and a digest', `registry.azurecr.io/loadgen:v1@${DIGEST}`],
  ['a folder of Docker Hub in place of a registry', 'team/loadgen:1'],
  ['a short digest', 'registry.azurecr.io/loadgen@sha256:0a'],
  ['a slash at the end', 'registry.azurecr.io/loadgen/'],
  ['nothing', ''],
])('%s is refused, with the wanted form', (_why, reference) => {
  expect(() => parseImageReference(reference)).toThrow(
    /^expected an image by registry and digest, <registry>\/<name>@sha256:/,
  )
})
