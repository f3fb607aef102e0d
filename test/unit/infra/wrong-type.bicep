// Compiles, with a warning: what the check of the templates must refuse.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'x'
  location: 5
}
