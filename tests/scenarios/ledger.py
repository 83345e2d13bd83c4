"""A house with a general ledger: lists read, entries switched on, and short words for entries and mappings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.building import JournalMapping, Row
from app.domain.records import Lane
from app.services import building, journal_mappings, orgs
from app.services.building import Asked, Made
from app.sync.ports import Action, LineItems, Write
from tests.scenarios.listed import switch_on
from tests.simulated import House

P = "ia_crm__"
ENTRY, LINE = f"{P}Intacct_Journal_Entry__c", f"{P}Intacct_Journal_Entry_Line__c"
LISTS = ("gl_account", "gl_journal", "location", "department", "classification")


class Ledger:
    """A house whose accounts and journals have arrived in Salesforce, and short words for entries."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def opened(self, **options: Any) -> "Ledger":
        """Lists read, entries switched on."""
        everything = {"selection": ["*"]}
        chosen = {"gl_account": everything, "gl_journal": everything}
        await switch_on(self.house, *LISTS, journal_entry=options, **chosen)
        await self.house.poll()
        return self

    def listed(self, kind: str, field: str, value: str) -> str:
        """The Salesforce id of a list value."""
        rows = self.house.salesforce.state.records(f"{P}{kind}__c")
        return str(next(row["Id"] for row in rows if row[f"{P}{field}__c"] == value))

    def account(self, number: str) -> str:
        return self.listed("Intacct_Account", "Account_No", number)

    def entry(self, *lines: tuple[str, str, str], journal: str = "GJ", more: Mapping[str, Any] | None = None) -> str:
        """An entry with lines of account, side and amount."""
        head = {
            f"{P}Intacct_Journal__c": self.listed("Intacct_Journal", "Symbol", journal),
            f"{P}Date__c": "2026-03-01",
            f"{P}Description__c": "Gifts of March",
        }
        (entry,) = self.house.seed(ENTRY, {**head, **(more or {})})
        self.house.seed(LINE, *[self.line(entry, *line) for line in lines])
        return entry

    def line(self, entry: str, account: str, side: str, amount: str) -> Mapping[str, Any]:
        return {
            f"{P}Intacct_Journal_Entry__c": entry,
            f"{P}Intacct_Account__c": self.account(account),
            f"{P}Debit_Credit__c": side,
            f"{P}Amount__c": float(amount),
        }

    def lines(self) -> list[dict[str, Any]]:
        return sorted(self.house.salesforce.state.records(LINE), key=lambda row: row["Id"])

    async def correct(self, recordno: str, header: Mapping[str, Any], *lines: Mapping[str, Any]) -> None:
        """Somebody edits the entry in Intacct: all lines are sent, those with a RECORDNO stay themselves."""
        self.house.clock.advance(2)
        items = LineItems("ENTRIES.GLENTRY", tuple(lines), ())
        write = Write("GLBATCH", Action.UPDATE, header, f"by hand {self.house.clock.now()}", recordno, lines=items)
        pair = self.house.context.backends.of(self.house.connection, Lane.INTERACTIVE)
        (outcome,) = await pair.intacct.write([write])
        assert outcome.error is None, outcome.error

    async def mapped(self, suggestion: str, **changes: Any) -> JournalMapping:
        """Store a mapping the org suggests, its blanks filled: journal GJ, cash 1000, income 4000."""
        org = await orgs.look(self.house.context, self.house.connection)
        found = next(one for one in org.suggestions if one.name == suggestion)
        blanks = {
            orgs.JOURNAL_BLANK: self.listed("Intacct_Journal", "Symbol", "GJ"),
            orgs.CASH_BLANK: self.account("1000"),
            orgs.INCOME_BLANK: self.account("4000"),
        }

        def filled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
            return tuple(replace(r, constant=blanks.get(str(r.constant), r.constant)) for r in rows)

        rows = {"header_rows": filled(found.header_rows), "line_rows": filled(found.line_rows)}
        mapping = replace(found, **{**rows, **changes})
        await journal_mappings.create(self.house.context, self.house.connection.id, mapping)
        return mapping

    async def run(self, name: str, *ids: str) -> list[Made]:
        """Run a mapping and let the workers finish."""
        asked = Asked("test")
        made = await building.run(self.house.context, self.house.connection, name, ids, asked)
        await self.house.drain()
        return made

    def posted(self) -> list[tuple[str, str, str]]:
        """Account, sign and amount of every line in Intacct."""
        return [(t["ACCOUNTNO"], t["TR_TYPE"], t["TRX_AMOUNT"]) for t in self.house.ia("GLENTRY")]
