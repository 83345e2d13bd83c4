"""The API: parse, authorise, call one service, project. No session, no query, no client of a vendor."""
