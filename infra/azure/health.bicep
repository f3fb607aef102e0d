/*
  What Azure itself reports about the server: its health, incidents and maintenance of the service, and operations that no drill does.
  A drill restarts the server, which the activity log does not distinguish from another restart: restarts raise no alert.
*/
import { Tags } from 'types.bicep'

@description('Start of every alert\'s name.')
param prefix string

param tags Tags

@description('The app stops the server between drills: then a stop is no reason for an alert.')
param isServerStopped bool

@description('False: another server of the subscription has the alerts on the service already.')
param withService bool = true

param actionGroupId string
param serverId string

@description('Subscription of the server: service health is reported per subscription.')
param serverSubscriptionId string

var status = [{ field: 'status', equals: 'Succeeded' }]
var byOperation = [
  for operation in concat(isServerStopped ? [] : ['stop/action'], ['delete', 'write']): {
    name: 'server-${split(operation, '/')[0]}'
    why: 'The server was changed, stopped or deleted by an operation that no drill does.'
    scope: serverId
    condition: concat(
      [
        { field: 'category', equals: 'Administrative' }
        { field: 'operationName', equals: 'Microsoft.DBforPostgreSQL/flexibleServers/${operation}' }
      ],
      status
    )
  }
]
var onServer = concat(byOperation, [
  {
    // Degraded high availability is published there. A drill's own failover is no event of the platform.
    name: 'server-unhealthy'
    why: 'Azure reports the server as degraded or unavailable, for a cause of the platform.'
    scope: serverId
    condition: [
      { field: 'category', equals: 'ResourceHealth' }
      { field: 'properties.cause', equals: 'PlatformInitiated' }
      {
        anyOf: [
          { field: 'properties.currentHealthStatus', equals: 'Degraded' }
          { field: 'properties.currentHealthStatus', equals: 'Unavailable' }
        ]
      }
    ]
  }
])
var onService = [
  {
    name: 'service-health'
    why: 'An incident, or planned maintenance, of Azure Database for PostgreSQL: a drill that meets it measures something else.'
    scope: '/subscriptions/${serverSubscriptionId}'
    condition: [
      { field: 'category', equals: 'ServiceHealth' }
      {
        anyOf: [
          { field: 'properties.incidentType', equals: 'Incident' }
          { field: 'properties.incidentType', equals: 'Maintenance' }
          { field: 'properties.incidentType', equals: 'ActionRequired' }
        ]
      }
      { field: 'properties.impactedServices[*].ServiceName', containsAny: ['Azure Database for PostgreSQL flexible servers', 'Azure Database for PostgreSQL'] }
    ]
  }
]
var alerts = concat(onServer, withService ? onService : [])

resource rules 'Microsoft.Insights/activityLogAlerts@2020-10-01' = [
  for alert in alerts: {
    name: '${prefix}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.why
      enabled: true
      scopes: [alert.scope]
      condition: { allOf: alert.condition }
      actions: { actionGroups: [{ actionGroupId: actionGroupId }] }
    }
  }
]
