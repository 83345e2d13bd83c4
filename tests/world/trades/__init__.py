"""Kinds of trade: each a file with a class that keeps to `trade.Trade`, named here."""

from tests.world.trades.entries import Bookkeeping
from tests.world.trades.kept import Keeping
from tests.world.trades.prices import Pricing
from tests.world.trades.trade import Trade

TRADES: tuple[type[Trade], ...] = (Keeping, Bookkeeping, Pricing)


def trade_of(seed: int) -> type[Trade] | None:
    """The trade of a seed's world; half of all worlds keep to accounts and contacts."""
    return next((trade for trade in TRADES if trade.practised(seed)), None)
