"""Real clients behind the engine's `Backend` port. XML, SOQL, tokens and status codes never leave this room."""
