/*
  The function app on Flex Consumption. It scales to zero, except one always-ready instance of the durable functions, so that a drill
  never waits for a cold start during a failover. No key and no secret: the identity gives access to storage and telemetry.
  Follows Azure-Samples/azure-functions-flex-consumption-samples.
*/
import { Tags } from 'types.bicep'

param name string
param planName string
param location string
param tags Tags
param identity { id: string, clientId: string }

@description('The load generators\' identity, which the app also has: it checks what the load will meet in a session of the load\'s own role.')
param loadIdentityId string

param storage { blob: string, queue: string, table: string }
param packageContainerUrl string
param insightsConnectionString string

@description('Task hub of this environment: deployments with the same hub would run each other\'s drills. Letters and digits.')
param hubName string

@description('Subnet of the app, or empty.')
param subnetId string

@description('Settings of the code; functions/config/config.ts lists them.')
param settings { *: string }

@description('A drill needs one instance; the maximum limits what a client with too many requests can cost. Azure accepts 40 or more.')
@minValue(40)
@maxValue(1000)
param maximumInstances int

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

// Settings of the Functions host. Flex Consumption takes runtime and package from functionAppConfig, and refuses or ignores settings
// such as FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION or WEBSITE_RUN_FROM_PACKAGE.
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.clientId
  AzureWebJobsStorage__blobServiceUri: storage.blob
  AzureWebJobsStorage__queueServiceUri: storage.queue
  AzureWebJobsStorage__tableServiceUri: storage.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.clientId};Authorization=AAD'
  AzureFunctionsJobHost__extensions__durableTask__hubName: hubName
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  // azd finds the app of the service in azure.yaml by this tag.
  tags: union(tags, { 'azd-service-name': 'drill' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {}, '${loadIdentityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { minTlsVersion: '1.2', ftpsState: 'Disabled', http20Enabled: true }
    functionAppConfig: {
      runtime: { name: 'node', version: '24' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048 // A report of five hours and 16 containers is merged in memory, in one instance.
        maximumInstanceCount: maximumInstances
        alwaysReady: [{ name: 'durable', instanceCount: 1 }]
      }
    }
  }

  resource settingsOfApp 'config' = {
    name: 'appsettings'
    properties: union(hostSettings, settings)
  }

  // Deployments log in with Microsoft Entra; the site's own user name and password are off.
  resource scmPassword 'basicPublishingCredentialsPolicies' = { name: 'scm', properties: { allow: false } }
  resource ftpPassword 'basicPublishingCredentialsPolicies' = { name: 'ftp', properties: { allow: false } }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
