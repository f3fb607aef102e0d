/**
 * The local stack's calls go to this machine only, and a proxy of the caller's shell must not see them: it would look for
 * 127.0.0.1 on its own machine. Children get no proxy (processes.ts); this is for the process that starts them, whose Azure
 * SDK and fetch read the environment.
 */

const PROXY = /^(http|https|all)_proxy$/i

/** Packages are installed before: apt may need the proxy. */
export function dropProxies(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) if (PROXY.test(name)) delete environment[name]
  // With NODE_USE_ENV_PROXY Node's fetch has read the proxy already, and asks for the exceptions at each call.
  environment.NO_PROXY = '*'
  environment.no_proxy = '*'
}
