"""REST v1 of Sage Intacct, for the objects whose kind has a `/` in its name; the rest goes over the XML gateway."""
