/*
  The parameters that most deployments set. The others have defaults in main.bicep, each with its reason.
  Values come from the environment where azd or a pipeline sets them. This file holds no secret: the template generates them.
*/
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'drill')
param existingServerId = readEnvironmentVariable('DRILL_EXISTING_SERVER_ID', '')
// A drill that scales or switches over writes the server: off, unless DRILL_ALLOW_SCALING_AND_SWITCHOVER is true.
param allowScalingAndSwitchover = bool(readEnvironmentVariable('DRILL_ALLOW_SCALING_AND_SWITCHOVER', 'false'))
param replicaServerId = readEnvironmentVariable('DRILL_REPLICA_SERVER_ID', '')
param alertEmail = readEnvironmentVariable('DRILL_ALERT_EMAIL', '')

// Zones and disk of a server that exists, from the release tool. The template sends them only for a server that it creates.
param primaryZone = readEnvironmentVariable('DRILL_PRIMARY_ZONE', '')
param standbyZone = readEnvironmentVariable('DRILL_STANDBY_ZONE', '')
param storageSizeGiB = int(readEnvironmentVariable('DRILL_STORAGE_SIZE_GIB', '128'))
