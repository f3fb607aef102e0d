/** What a `durableClient` input binding hands to a function: the addresses that the client library then calls. */
export interface Webhook {
  /** `http://host:port/runtime/webhooks/durabletask` */
  readonly baseUrl: string
  readonly systemKey: string
  readonly hubName: string
  /** The loopback listener without keys that the library prefers. */
  readonly rpcBaseUrl: string
}

/** The library replaces this word in the URLs by an instance id. */
const INSTANCE_ID = 'INSTANCEID'

export function clientBinding({ baseUrl, systemKey, hubName, rpcBaseUrl }: Webhook): string {
  const key = `code=${systemKey}`
  return JSON.stringify({
    taskHubName: hubName,
    creationUrls: {
      createNewInstancePostUri: `${baseUrl}/orchestrators/{functionName}[/{instanceId}]?${key}`,
      createAndWaitOnNewInstancePostUri: `${baseUrl}/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${key}`,
    },
    managementUrls: managementUrls({ baseUrl, systemKey, hubName }, INSTANCE_ID),
    baseUrl,
    requiredQueryStringParameters: key,
    rpcBaseUrl,
  })
}

export function managementUrls(
  { baseUrl, systemKey, hubName }: Omit<Webhook, 'rpcBaseUrl'>,
  instanceId: string,
): Record<string, string> {
  const instance = `${baseUrl}/instances/${encodeURIComponent(instanceId)}`
  const query = `taskHub=${hubName}&connection=Storage&code=${systemKey}`
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  }
}
