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

// What is no reference is refused as a setting: form-examples.ts has the table.
