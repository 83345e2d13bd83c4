"""Row 10: the price comes from the right side; an item priced by usage is always priced by Intacct."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.scenarios.orderdesk import OrderDesk
from tests.simulated import build_house


@pytest.mark.parametrize(
    ("source", "usage", "price"),
    [("salesforce", False, 10), ("intacct", False, 9.5), ("salesforce", True, 9.5), ("intacct", True, 9.5)],
)
async def test_price_is_that_of_its_source(
    sessions: Sessions, new_id: Callable[[], str], source: str, usage: bool, price: float
) -> None:
    desk = await OrderDesk(await build_house(sessions, new_id)).opened(priceSource=source)
    made = await desk.synced({"Price": 10, "Usage_Priced": usage}, kind="Sales Quote")
    assert float(desk.house.ia("SODOCUMENTENTRY")[0]["PRICE"]) == price
    (line,) = desk.lines(made)
    assert (line["Price"], line["Extended_Price"]) == (price, 2 * price)
    (again,) = await desk.sync(made)
    assert again.result == "unchanged", (again.reason, again.message)
