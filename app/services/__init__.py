"""Use cases. Each owns its transactions (`async with context.begin()`), knows no HTTP and no vendor format."""
