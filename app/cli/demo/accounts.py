"""Accounts from a CSV file whose header names Account fields. Unknown columns are reported, never guessed."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).with_name("sample.csv")
"""Ten accounts with names and addresses that try the wire; used when no file is given."""

SPOILT = {"Name": "Deliberately Wrong Ltd", "BillingCity": "Reno", "ia_crm__Term__c": "Net 31 February"}
"""An account that Intacct must refuse: its payment term does not exist there."""


class AccountsError(Exception):
    """The file cannot be used; the text says which line, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Records ready for Salesforce, and the columns that were left out because Account has no such field."""

    records: list[dict[str, Any]]
    unknown: list[str]


def load(path: Path, writable: Sequence[str]) -> Accounts:
    """Read `path` (UTF-8). `writable` are the fields of Account that may be set, as Salesforce spells them.

    Header names are matched without regard to case. Empty cells are left out. Raises AccountsError for a missing file,
    a file without `Name`, and rows that are empty there or wider than the header.
    """
    spelt = {name.lower(): name for name in writable}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise AccountsError(f"{path} cannot be read as UTF-8 text: {unreadable}") from unreadable
    rows = csv.DictReader(text.splitlines(keepends=True), restkey="")
    header = [name.strip() for name in rows.fieldnames or ()]
    fields = {name: spelt[name.lower()] for name in header if name.lower() in spelt}
    if "Name" not in fields.values():
        raise AccountsError(f"{path} has no column Name; its first line must name fields of Account.")
    records = []
    for row in rows:
        if "" in row:
            raise AccountsError(f"{path}, line {rows.line_num}: more cells than the header has columns.")
        record = {fields[name.strip()]: cell.strip() for name, cell in row.items() if name.strip() in fields and cell}
        record = {name: value for name, value in record.items() if value}
        if "Name" not in record:
            raise AccountsError(f"{path}, line {rows.line_num}: Name is empty; every account needs one.")
        records.append(record)
    if not records:
        raise AccountsError(f"{path} holds no accounts.")
    return Accounts(records, [name for name in header if name not in fields])
