"""Memory: tables and the queries over them. Opens no transaction of its own; services do. Knows no vendor, no HTTP."""
