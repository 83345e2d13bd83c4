"""The Salesforce client: REST, SOQL and collections behind the `Backend` port; start at `client.SalesforceBackend`."""
