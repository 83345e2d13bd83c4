"""Worlds in which nothing but payments is at stake: handed in, typed, paid and reversed in Intacct, under all faults.

    shop       customers and invoices of both sides        offers   what was handed in and accepted: the truth
    payers     who pays, cancels, decides; the clerk       books    the invariants of money, at every step
    plan       what a seed decides                         story    one seed from start to end
    life       a payment's life struck at every await      devices  what keeps it safe, switched off one at a time

`python -m tests.world --payments 1000` plays such worlds until a thousand payment operations were met by a fault.
"""
