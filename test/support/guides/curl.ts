/** A stand-in for curl that calls no server: it takes the options that the guides show, and prints the request that curl would send. */
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true },
    data: { type: 'string', short: 'd' },
    'data-urlencode': { type: 'string', multiple: true },
    silent: { type: 'boolean', short: 's' },
    get: { type: 'boolean', short: 'G' },
  },
})
const url = new URL(positionals[0] ?? '')
if (positionals.length !== 1) throw new Error(`expected one address, got ${positionals.length}`)
for (const pair of values['data-urlencode'] ?? []) {
  const at = pair.indexOf('=')
  url.searchParams.append(pair.slice(0, at), pair.slice(at + 1))
}
const headers = Object.fromEntries((values.header ?? []).map((line) => line.split(/: */, 2)))
console.log(JSON.stringify({ method: values.request ?? 'GET', url: url.href, headers, body: values.data ?? null }))
