/** The steps of `npm run release`, one after the other. */

import { drillInAzure, releaseApp, smoke } from './app.ts'
import { down } from './down.ts'
import { releaseImage } from './image.ts'
import type { Command, Step } from './options.ts'
import { applyParameters } from './parameters.ts'
import { preflight, registerProviders } from './preflight.ts'
import { createRelease, type Outside, type Release } from './release.ts'
import { deployTemplate, passLiveToAzd } from './template.ts'

const ACTIONS: Readonly<Record<Step, (release: Release) => Promise<unknown>>> = {
  preflight,
  providers: registerProviders,
  live: passLiveToAzd,
  template: deployTemplate,
  parameters: (release) => applyParameters(release),
  image: releaseImage,
  app: releaseApp,
  smoke,
  drill: drillInAzure,
  down,
}

/** The exit code. A step that cannot do its work ends the command. */
export async function runRelease({ steps, options }: Command, outside: Outside): Promise<number> {
  const release = await createRelease(options, outside)
  for (const step of steps) {
    const code = await ACTIONS[step](release)
    if (typeof code === 'number' && code !== 0) return code
  }
  return 0
}
