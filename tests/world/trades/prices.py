"""Price lists and prices over REST, from Intacct or from Salesforce: in each world one side is the source of both.

The side that is no source is written over, so only the source is edited. Keeps the truth: the last price of each.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any, ClassVar

from app.simulators.salesforce.flags import OrgFlags
from tests.world.people import People
from tests.world.place import World

BASE, EXTRA = "Base Price List", "Wholesale"
DATES = {"DATEFROM": "01/01/2020", "DATETO": "12/31/2099"}


def source(seed: int) -> str:
    """Which side prices come from."""
    return "salesforce" if seed % 16 == 7 else "intacct"


class Pricing:
    """Somebody who sets prices of two products in two lists."""

    flags: ClassVar[OrgFlags | None] = None

    def __init__(self, world: World, people: People, rng: random.Random) -> None:
        self.world, self.people, self.rng = world, people, rng
        self.source = source(world.seed)
        self.prices: dict[tuple[str, str], float] = {}
        self._ids: dict[tuple[str, str], str] = {}

    @staticmethod
    def practised(seed: int) -> bool:
        """See `Trade`."""
        return seed % 8 == 7

    @staticmethod
    def options(seed: int) -> Mapping[str, Any]:
        """See `Trade`."""
        both = {"enabled": True, "priceSource": source(seed)}
        return {"product": {"enabled": True}, "price_book": both, "price_book_entry": both}

    def settle_in(self) -> None:
        """Two products and two lists that both sides have; standard prices, and some of the other list."""
        products, books = {}, {}
        for code in ("I-1", "I-2"):
            item = self._there("ITEM", ITEMID=code, NAME=f"Widget {code}", ITEMTYPE="Kit", STATUS="active")
            products[code] = self._here("Product2", Name=f"Widget {code}", ProductCode=code, IsActive=True)
            self.world.link("product", products[code], item, code)
        standard = next(str(r["Id"]) for r in self.world.salesforce.state.records("Pricebook2") if r["IsStandard"])
        for name in (BASE, EXTRA):
            books[name] = standard if name == BASE else self._here("Pricebook2", Name=name, IsActive=True)
            self.world.link("price_book", books[name], self._there("SOPRICELIST", NAME=name, **DATES), name)
        for code in products:
            for name in (BASE, EXTRA)[: self.rng.randint(1, 2)]:
                self._price(code, name, products[code], books[name])

    def _price(self, code: str, name: str, product: str, book: str) -> None:
        price = self.prices[code, name] = float(self.rng.randint(1, 9999))
        if self.source == "salesforce":
            values = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": price, "IsActive": True}
            self._ids[code, name] = self._here("PricebookEntry", **values)
        else:
            text = f"{price:.2f}"
            self._ids[code, name] = self._there("SOPRICELISTENTRY", PRICELISTID=name, ITEMID=code, VALUE=text, **DATES)

    def _here(self, kind: str, **values: Any) -> str:
        return str(self.world.salesforce.state.seed({kind: [values]})[kind][0]["Id"])

    def _there(self, kind: str, **values: str) -> str:
        return str(self.world.intacct.state.seed({kind: [values]})[kind][0]["RECORDNO"])

    # --- the busy time ----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Change and ask at random moments."""
        plan = self.people.scenario
        asked: list[asyncio.Task[None]] = []
        for moment in sorted(self.rng.uniform(0.0, plan.active) for _ in range(plan.actions)):
            await asyncio.sleep(max(0.0, moment - self.world.loop.time()))
            which = self.rng.choice(sorted(self.prices))
            if self.rng.random() < 0.5:
                self._edit(which)
            if self.source == "salesforce":
                asked.append(asyncio.ensure_future(self._ask([which])))
        await asyncio.gather(*asked)

    def _edit(self, which: tuple[str, str]) -> None:
        price = self.prices[which] = float(self.rng.randint(1, 9999))
        self.world.stage.note("trade", f"{self.source} price {which} {price}")
        if self.source == "salesforce":
            self.world.edit_salesforce("PricebookEntry", self._ids[which], UnitPrice=price)
        else:
            self.world.edit_intacct("SOPRICELISTENTRY", int(self._ids[which]), VALUE=f"{price:.2f}")

    async def _ask(self, which: list[tuple[str, str]]) -> None:
        await self.people.request("price_book_entry", [self._ids[one] for one in which], "flow")

    # --- the quiet time ---------------------------------------------------------------------------------------------

    async def disturb(self) -> None:
        """Nothing."""

    async def wish_all(self) -> None:
        """All prices once more, where Salesforce is their source; else the feed brings them."""
        if self.source == "salesforce":
            await self._ask(sorted(self.prices))

    def in_step(self) -> list[str]:
        """I1 and I7: each price stands once on both sides, as it was set last."""
        here, there = self._in_salesforce(), self._in_intacct()
        wanted = sorted((*which, price) for which, price in self.prices.items())
        return [f"I7 prices in {name}: {shown}, set were {wanted}"
                for name, shown in (("Salesforce", here), ("Intacct", there)) if shown != wanted]  # fmt: skip

    def _in_salesforce(self) -> list[tuple[str, str, float]]:
        records = self.world.salesforce.state.records
        codes = {row["Id"]: row["ProductCode"] for row in records("Product2")}
        names = {row["Id"]: BASE if row["IsStandard"] else row["Name"] for row in records("Pricebook2")}
        rows = records("PricebookEntry")
        return sorted((codes[r["Product2Id"]], names[r["Pricebook2Id"]], float(r["UnitPrice"])) for r in rows)

    def _in_intacct(self) -> list[tuple[str, str, float]]:
        rows = self.world.intacct.state.records("SOPRICELISTENTRY")
        return sorted((r["ITEMID"], r["PRICELISTID"], float(r["VALUE"])) for r in rows)
