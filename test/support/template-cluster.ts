/** Runs initdb once for all files of a run: servers of tests start from a copy of its data directory. */
import { PostgresServer } from '../../infra/local/cluster/servers/postgres.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { openBench, PASSWORD, serverTools, TEMPLATE } from './with-stack.ts'

export default async function setup(): Promise<() => Promise<void>> {
  // Made by the project before.
  if (process.env[TEMPLATE] !== undefined) return async () => {}
  const bench = openBench()
  const port = await holdFreePort(bench.folder)
  const place = { name: 'template', port, dataDirectory: `${bench.folder.path}/template`, superuserPassword: PASSWORD }
  await new PostgresServer(place, serverTools(bench)).initialise()
  await port.release()
  process.env[TEMPLATE] = place.dataDirectory
  return () => bench.close()
}
