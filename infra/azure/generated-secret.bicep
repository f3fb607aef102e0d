/*
  One secret of the vault that the first deployment generates and no later one changes: app, server and load's role keep the value
  that they have. A module per secret, because only a parameter's default can generate a value.
*/
param vaultName string
param name string

@secure()
param value string = newGuid()

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: vaultName }

@onlyIfNotExists()
resource secret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: name
  properties: { value: value }
}
