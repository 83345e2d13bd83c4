"""The whole house in one thread on a virtual clock, under faults, checked against the vendors' own ledgers.

    clockwork   an event loop whose time is a number          stage      who acts, and every await they may stop at
    database    SQLite without threads                        wire, bell the network and the bell, with their faults
    place       both simulators, lives born and killed        people     edits and wishes, and the truth about both
    scenario    what a seed decides                           checks     the invariants
    story       one seed from start to end                    crash      one account's life, struck at every await
    mutants     the safety devices switched off

`python -m tests.world --seeds 200` plays many, `--seed 7 --trace` shows one; `python -m tests.world.mutants` proves the
harness. Nothing here is known to the product. One integer, the seed, decides everything that happens in a run.
"""
