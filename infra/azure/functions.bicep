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

param storage { name: string, blob: string, queue: string, table: string }
param workspaceId string
param packageContainerUrl string
param insightsConnectionString string

@description('Task hub of this environment: deployments with the same hub would run each other\'s drills. Letters and digits.')
param hubName string

@description('Subnet of the app, or empty.')
param subnetId string

@description('Settings of the code; functions/config/config.ts lists them.')
param settings { *: string }

@description('A drill needs one instance; the maximum limits what a client with too many requests can cost. Always-ready instances do not count.')
@minValue(1)
@maxValue(1000)
param maximumInstances int

@description('True: instances in several zones, two of them always ready.')
param zoneRedundant bool

@description('False: callers reach the app through its private endpoint only.')
param publicAccess bool

@description('Addresses that may call the app and deploy to it; empty: every address.')
param allowedCallers { name: string, addressRange: string }[]

@description('keys: function keys. entra: the platform demands a token of this application before a request reaches the app.')
param auth { kind: 'keys' | 'entra', clientId: string, allowedAudiences: string[] }

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

// Settings of the Functions host. Flex Consumption takes runtime and package from functionAppConfig, and refuses or ignores settings
// such as FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION or WEBSITE_RUN_FROM_PACKAGE.
var hostSettings = {
  // Without the name the host could not build its Blob client when an instance is specialised, and refused every key
  // (https://github.com/Azure/azure-functions-host/issues/11787).
  AzureWebJobsStorage__accountName: storage.name
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.clientId
  AzureWebJobsStorage__blobServiceUri: storage.blob
  AzureWebJobsStorage__queueServiceUri: storage.queue
  AzureWebJobsStorage__tableServiceUri: storage.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.clientId};Authorization=AAD'
  // host.json names the hub by this setting: the scale controller reads that file, and knows no override of it.
  DRILL_TASK_HUB: hubName
}

// Signing in needs no client secret: the platform presents a token of the app's identity, which the application has to trust
// (https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad, "Use a managed identity instead of a secret").
var isEntra = auth.kind == 'entra'
var assertionSetting = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
var authSettings = isEntra ? { '${assertionSetting}': identity.clientId } : {}

var callers = [
  for (caller, i) in allowedCallers: { name: caller.name, ipAddress: caller.addressRange, action: 'Allow', priority: 100 + i }
]
// With an empty list Azure admits every address, whichever the default action.
var callerRules = empty(allowedCallers) ? {} : { ipSecurityRestrictions: callers, ipSecurityRestrictionsDefaultAction: 'Deny', scmIpSecurityRestrictionsUseMain: true }

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
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    siteConfig: { minTlsVersion: '1.2', ftpsState: 'Disabled', http20Enabled: true, ...callerRules }
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
        alwaysReady: [{ name: 'durable', instanceCount: zoneRedundant ? 2 : 1 }]
      }
    }
  }

  resource settingsOfApp 'config' = {
    name: 'appsettings'
    properties: union(hostSettings, authSettings, settings)
  }

  // Also with keys, so that a deployment that returns to keys switches the layer off.
  resource authentication 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: isEntra }
      globalValidation: {
        requireAuthentication: isEntra
        // A browser that opens the dashboard signs in. A client that presents a token is never redirected.
        unauthenticatedClientAction: isEntra ? 'RedirectToLoginPage' : 'AllowAnonymous'
        redirectToProvider: 'azureactivedirectory'
      }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: isEntra
          registration: isEntra
            ? { clientId: auth.clientId, clientSecretSettingName: assertionSetting, openIdIssuer: '${az.environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0' }
            : {}
          validation: { allowedAudiences: auth.allowedAudiences }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }

  // Deployments log in with Microsoft Entra; the site's own user name and password are off.
  resource scmPassword 'basicPublishingCredentialsPolicies' = { name: 'scm', properties: { allow: false } }
  resource ftpPassword 'basicPublishingCredentialsPolicies' = { name: 'ftp', properties: { allow: false } }
}

// The host's own log is the only one when Application Insights cannot be reached.
resource toWorkspace 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = app.id
output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
