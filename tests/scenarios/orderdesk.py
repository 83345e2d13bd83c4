"""A house with Order Entry: lists read, a customer and items in step, definitions set, short words for documents."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from app.services import definitions
from app.services.definitions import Use
from app.store.tables import Operation
from tests.scenarios.listed import switch_on
from tests.simulated import House

P = "ia_crm__"
DOCUMENT, ITEM = f"{P}Sales_Document__c", f"{P}Sales_Document_Item__c"
NAME = "sales_document"
LISTS = ("term", "location", "department", "classification", "account", "contact")
BOTH = {"from_salesforce": True, "to_salesforce": True}


class OrderDesk:
    """A house whose customer Acme and items I1 and I2 stand on both sides."""

    def __init__(self, house: House) -> None:
        self.house, self.account = house, ""

    async def opened(self, *mirrors: str, **options: Any) -> "OrderDesk":
        """Lists read, documents switched on, quotes, orders and invoices in use."""
        objects: dict[str, dict[str, Any]] = {name: {} for name in mirrors}
        await switch_on(self.house, *LISTS, **objects, sales_document=options)
        self.house.seed_intacct(
            "ITEM",
            {"ITEMID": "I1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory", "UOMGRP": "Count", "BASEPRICE": "9.50"},
            {"ITEMID": "I2", "NAME": "Service", "ITEMTYPE": "Non-Inventory", "UOMGRP": "Time", "BASEPRICE": "80.00"},
        )
        await self.house.poll()
        (self.account,) = self.house.seed("Account", {"Name": "Acme"})
        await self.house.sync("account", self.account)
        for name in ("Sales Quote", "Sales Order", "Sales Invoice"):
            await self.use(name, **BOTH)
        return self

    async def use(self, name: str, **members: bool) -> None:
        """Set how a definition is used; what is not named is as in the API."""
        given = {"from_salesforce": False, "to_salesforce": False, "details": True, "advanced": True, "by_hand": False}
        await definitions.put(self.house.context, self.house.connection, name, Use(**{**given, **members}))

    @property
    def customer(self) -> str:
        """Acme's customer id."""
        return str(self.house.ia("CUSTOMER")[0]["CUSTOMERID"])

    def term(self, name: str = "Net 30") -> str:
        """The Salesforce id of a term."""
        rows = self.house.salesforce.state.records(f"{P}AR_Term__c")
        return str(next(row["Id"] for row in rows if row["Name"] == name))

    def document(self, *lines: Mapping[str, Any], kind: str = "Sales Order", **more: Any) -> str:
        """A sales document with lines, by default of two widgets at 10; keyword and line names lack the package's."""
        head = {"Document_Type": kind, "Account": self.account, "Document_Date": "2026-03-05", "Term": self.term()}
        (made,) = self.house.seed(DOCUMENT, {"Name": "New", **_package({**head, **more})})
        for line in lines or ({},):
            self.line(made, **line)
        return made

    def line(self, document: str, **more: Any) -> str:
        """One more line of a document."""
        given = {"Sales_Document": document, "Item": "I1", "Quantity": 2, "Price": 10, "Unit": "Each"}
        return self.house.seed(ITEM, _package({**given, **more}))[0]

    async def sync(self, *documents: str, **more: Any) -> list[Operation]:
        return await self.house.sync(NAME, *documents, **more)

    async def synced(self, *lines: Mapping[str, Any], **more: Any) -> str:
        """A document that is in Intacct."""
        made = self.document(*lines, **more)
        (done,) = await self.sync(made)
        assert done.result == "created", (done.reason, done.message)
        return made

    def sf(self, document: str) -> dict[str, Any]:
        """A document as Salesforce has it, names without the package's."""
        return _bare(self.house.sf(DOCUMENT, document))

    def lines(self, document: str) -> list[dict[str, Any]]:
        """Its lines, in the order of their ids."""
        rows = [_bare(row) for row in self.house.salesforce.state.records(ITEM)]
        return sorted((row for row in rows if row["Sales_Document"] == document), key=lambda row: row["Id"])

    def ia(self, key: str) -> dict[str, Any]:
        """A document as Intacct has it, by its DOCID."""
        return next(row for row in self.house.ia("SODOCUMENT") if row["DOCID"] == key)

    async def edit(self, kind: str, record_id: str, **values: Any) -> None:
        """Edit a Salesforce record; names without the package's."""
        await self.house.edit(kind, record_id, **_package(values))

    def in_intacct(self, kind: str = "Sales Order", *, quantity: int = 3, price: str = "5.00") -> str:
        """Somebody makes a document in Intacct; its DOCID."""
        self.house.clock.advance(2)
        return self.house.intacct.state.order_entry(
            f"<create_sotransaction><transactiontype>{kind}</transactiontype><datecreated><year>2026</year><month>03"
            f"</month><day>06</day></datecreated><customerid>{self.customer}</customerid><termname>Net 15</termname>"
            f"<sotransitems><sotransitem><itemid>I1</itemid><quantity>{quantity}</quantity><unit>Each</unit><price>"
            f"{price}</price></sotransitem></sotransitems></create_sotransaction>"
        )

    def edit_in_intacct(self, key: str, inner: str) -> None:
        """Somebody edits a document in Intacct."""
        self.house.clock.advance(2)
        function = f"<update_sotransaction key={quoteattr(key)}>{inner}</update_sotransaction>"
        self.house.intacct.state.order_entry(function)


def _package(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{P}{name}__c": value for name, value in values.items()}


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(P).removesuffix("__c"): value for name, value in record.items()}
