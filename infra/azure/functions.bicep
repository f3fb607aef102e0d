/*
  The function app on Flex Consumption: scales to zero but for one always-ready instance of the durable functions, so that a drill
  that has to watch a failover does not wait for a cold start. No key and no secret: storage and telemetry go by identity.
  Shape after Azure-Samples/azure-functions-flex-consumption-samples.
*/
import { Tags } from 'types.bicep'

param name string
param planName string
param location string
param tags Tags
param identity { id: string, clientId: string }
param storage { blob: string, queue: string, table: string }
param packageContainerUrl string
param insightsConnectionString string

@description('Task hub of this environment: two deployments that share a hub take over one another\'s drills. Letters and digits.')
param hubName string

@description('Subnet of the app, or empty.')
param subnetId string

@description('Settings that the code reads; functions/config/config.ts is their list.')
param settings { *: string }

@description('More instances than one buy a drill nothing; the cap is what a runaway client can cost. 40 is the least that Azure takes.')
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

// What the Functions host reads. Flex Consumption takes runtime and package from functionAppConfig: settings such as
// FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION or WEBSITE_RUN_FROM_PACKAGE are refused or ignored there.
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
  // azd finds the app that belongs to the service of azure.yaml by this tag.
  tags: union(tags, { 'azd-service-name': 'drill' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
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

  // Publishing goes by Microsoft Entra; the user name and password that every site comes with are switched off.
  resource scmPassword 'basicPublishingCredentialsPolicies' = { name: 'scm', properties: { allow: false } }
  resource ftpPassword 'basicPublishingCredentialsPolicies' = { name: 'ftp', properties: { allow: false } }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
