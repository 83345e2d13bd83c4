"""Real processes under a saboteur: `python -m tests.chaos` (make chaos). No product code stands here."""
