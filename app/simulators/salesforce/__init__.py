"""A Salesforce org on a bench: REST wire, stored records, limits and faults. It knows nothing of who calls it."""
