/**
 * Every npm script loads this first, with --require: an older Node cannot run TypeScript, nor any Node below a folder named
 * node_modules, and would end with a stack trace instead of a message. Plain JavaScript for any Node.
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

if (/[\\/]node_modules[\\/]/.test(__dirname)) {
  console.error(
    `Node runs no TypeScript below a folder named node_modules, where this checkout is: ${__dirname}. Move it to another place`,
  )
  process.exit(2)
}
