/*
  Alerts on one server:
  - an exhausted pool by PgBouncer's waiting clients. Behind a pool of 100, active_connections never gets near its limit;
  - physical_replication_delay is the lag of read replicas, not of the standby: nothing here depends on it.
  A drill fails the server over, so no alert fires because a database is down for a minute or two.
*/
import { Tags } from 'types.bicep'

param tags Tags
param serverId string
param serverLocation string

@description('max_connections of the server: the limit of direct connections.')
param maxConnections int

@description('The server is stopped between drills: then a database that is down is no reason for an alert.')
param isServerStopped bool

@description('Start of every alert\'s name.')
param prefix string

param actionGroupId string

/*
  Metric alerts. Severity 1 is critical, 2 is a warning. Every window is at least five minutes: points come once a minute, and the two
  disk metrics in batches of five.
*/
var metricAlerts = [
  {
    name: 'cpu-critical'
    metric: 'cpu_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 90
    severity: 1
    window: 'PT5M'
    why: 'CPU above 90 %: latency rises and failover takes longer.'
  }
  {
    name: 'cpu-high'
    metric: 'cpu_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 80
    severity: 2
    window: 'PT15M'
    why: 'CPU above 80 %, the limit of a drill.'
  }
  {
    name: 'memory-critical'
    metric: 'memory_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 95
    severity: 1
    window: 'PT5M'
    why: 'Memory above 95 %: the server may be restarted by the kernel.'
  }
  { name: 'memory-high', metric: 'memory_percent', aggregation: 'Average', operator: 'GreaterThan', threshold: 90, severity: 2, window: 'PT15M', why: 'Memory above 90 %.' }
  {
    name: 'pool-exhausted'
    metric: 'client_connections_waiting'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 10
    severity: 2
    window: 'PT5M'
    why: 'Clients wait for a connection of PgBouncer: raise the pool, or send less.'
  }
  {
    name: 'connections-critical'
    metric: 'active_connections'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: maxConnections * 95 / 100
    severity: 1
    window: 'PT5M'
    why: 'More than 95 % of max_connections are used; PgBouncer is being bypassed.'
  }
  {
    name: 'connections-high'
    metric: 'active_connections'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: maxConnections * 90 / 100
    severity: 2
    window: 'PT15M'
    why: 'More than 90 % of max_connections are used; PgBouncer is being bypassed.'
  }
  {
    name: 'iops-saturated'
    metric: 'disk_iops_consumed_percentage'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 90
    severity: 2
    window: 'PT15M'
    why: 'The disk is the limit: raise the storage tier.'
  }
  {
    name: 'storage-filling'
    metric: 'storage_percent'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 85
    severity: 2
    window: 'PT15M'
    why: 'At 95 % the server turns read-only. Delete the rows of old drills.'
  }
  {
    name: 'database-down'
    metric: 'is_db_alive'
    aggregation: 'Maximum'
    operator: 'LessThan'
    threshold: 1
    severity: 1
    window: 'PT5M'
    why: 'Down for five minutes: no failover takes that long, so this is no drill.'
  }
]

resource metricRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in metricAlerts: {
    name: '${prefix}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.why
      severity: alert.severity
      enabled: !(isServerStopped && alert.name == 'database-down')
      autoMitigate: true
      scopes: [serverId]
      targetResourceType: 'Microsoft.DBforPostgreSQL/flexibleServers'
      targetResourceRegion: serverLocation
      evaluationFrequency: 'PT1M'
      windowSize: alert.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: alert.operator
            threshold: alert.threshold
            // The opt-in metrics do not exist before the first run of their collectors.
            skipMetricValidation: true
          }
        ]
      }
      actions: [{ actionGroupId: actionGroupId }]
    }
  }
]
