"""The Sage Intacct client: the XML gateway behind the `Backend` port. No decision about records is made here."""
