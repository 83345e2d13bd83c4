"""The engine: orchestration over ports. Reaches no HTTP, no database, no framework; never looks an object up."""
