"""REST v1 of the simulated company: the same records, meters and limits as the XML gateway, spoken as JSON."""
