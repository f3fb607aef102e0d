/** Where the observers stand: containers are placed in the zones of the settings, in turn, and the report names the zone of each. */
import { expect, test } from 'vitest'
import { playRequest } from '../support/play-drill.ts'

test('containers start in the zones of the settings, in turn, and the report names the zone of each', async () => {
  const { report } = await playRequest({ containers: 3, workers: 3 }, {}, { settings: { zones: ['2', '3'] } })
  expect(report?.setup['Zones of the containers']).toBe(
    'container 0 in zone 2, container 1 in zone 3, container 2 in zone 2',
  )
})

test('without zones the platform chooses, and the report names none', async () => {
  const { report } = await playRequest()
  expect(report?.setup).not.toHaveProperty('Zones of the containers')
})
