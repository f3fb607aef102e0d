#!/usr/bin/env node
/** The command `pg-failover-drill`, as `npx pg-failover-drill` finds it. Plain JavaScript for any Node. */
'use strict'

require('./require-node.cjs')

import('./command/main.ts').catch((error) => {
  console.error(error.message)
  process.exitCode = 2
})
