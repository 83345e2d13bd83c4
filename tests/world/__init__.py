"""The whole house in one thread on a virtual clock, under faults, checked against the vendors' own ledgers.

Nothing here is known to the product. One integer, the seed, decides everything that happens in a run.
"""
