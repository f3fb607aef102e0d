/**
 * Every npm script loads this first, with --require: an older Node cannot run TypeScript, and would end with a TypeError instead of a
 * message. Plain JavaScript for any Node.
 */
'use strict'

const wanted = require('../package.json').devDependencies.node.split('.')[0]
const here = process.versions.node

if (Number(here.split('.')[0]) < Number(wanted)) {
  console.error(
    `This is Node ${here}, and Node ${wanted} or newer is needed. "npm ci" brings it, and "npm run" uses it; where install ` +
      'scripts are switched off (ignore-scripts, or pnpm), "npm rebuild node --ignore-scripts=false" brings it',
  )
  process.exit(2)
}
