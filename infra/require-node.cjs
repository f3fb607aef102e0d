/**
 * Every npm script loads this first, with --require: without its packages, with an older Node, or below a folder named node_modules,
 * where no Node runs TypeScript, a script would end with a stack trace instead of a message. Plain JavaScript for any Node.
 */
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const manifest = require('../package.json')

const wanted = manifest.devDependencies.node.split('.')[0]
const here = process.versions.node

function end(message) {
  console.error(message)
  process.exit(2)
}

if (/[\\/]node_modules[\\/]/.test(__dirname))
  end(
    `Node runs no TypeScript below a folder named node_modules, where this checkout is: ${__dirname}. Move it to another place`,
  )

// Before the Node, which is one of them. The folders are those in which an import of this checkout looks.
const missing = Object.keys(Object.assign({}, manifest.dependencies, manifest.devDependencies)).filter(
  (name) => !module.paths.some((folder) => fs.existsSync(path.join(folder, name))),
)

if (missing.length > 0) {
  const names = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ` and ${missing.length - 3} more` : '')
  const isLeftOut = process.env.NODE_ENV === 'production'
  end(
    `Packages of this checkout are not installed: ${names}. "npm ci --include=dev" installs them` +
      (isLeftOut ? ' (where NODE_ENV is production, "npm ci" alone leaves out what local drills and tests need)' : ''),
  )
}

if (Number(here.split('.')[0]) < Number(wanted))
  end(
    `This is Node ${here}, and Node ${wanted} or newer is needed. "npm ci" brings it, and "npm run" uses it; where install ` +
      'scripts are switched off (ignore-scripts, or pnpm), "npm rebuild node --ignore-scripts=false" brings it',
  )
