"""What was deleted, by the company's audit history: one query for all kinds (intacct-api.md 6.3).

OBJECTKEY names the record in a way that differs per kind, so what is answered is a hint. Changes nothing.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from app.backends.intacct.dialect import LARGEST_PAGE, compare, every, one_of
from app.backends.intacct.reading import KEY, Reader
from app.domain.errors import Kind, SyncError
from app.domain.records import Record, Value
from app.sync.ports import Deletion

KIND = "AUDITHISTORY"
FIELDS = ("OBJECTTYPE", "OBJECTKEY", "ACCESSTIME")
DELETED = "D"
"""ACCESSMODE as `query` spells it; `readByQuery` would want the word."""

_REC = re.compile(r"(\d{1,17})--REC", re.ASCII)


class Audit:
    """The audit history of one gateway."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """See `Backend.deletes`; one transaction per page. Kinds of the REST interface are not in this history."""
        asked = {kind.lower(): kind for kind in kinds if "/" not in kind}
        if not asked:
            return []
        where = every(
            one_of("OBJECTTYPE", sorted(asked)),
            compare("equalto", "ACCESSMODE", DELETED),
            compare("greaterthanorequalto", "ACCESSTIME", since),
            compare("lessthanorequalto", "ACCESSTIME", until),
        )
        found: list[Deletion] = []
        after: str | None = None
        while True:
            behind = (compare("greaterthan", KEY, after),) if after else ()
            page = await self._reader.page(KIND, FIELDS, every(where, *behind), (KEY,), LARGEST_PAGE)
            found += [_deletion(asked, record) for record in page.records]
            if not page.more:
                return found
            after = page.records[-1].key


def _deletion(asked: dict[str, str], record: Record) -> Deletion:
    kind, name, at = (record.values.get(field) for field in FIELDS)
    if str(kind or "").lower() not in asked or not isinstance(at, datetime):
        raise SyncError(Kind.TRANSIENT, "page_unreliable", f"Row {record.key} of the audit history cannot be read.")
    known = asked[str(kind).lower()]
    key, natural = _named(name)
    return Deletion(known, at, key, natural)


def _named(name: Value) -> tuple[str | None, str | None]:
    """RECORDNO and natural key, as far as OBJECTKEY tells them: bare digits may be either, `17--REC` is a number.

    Customers are documented to be called by their id and documents by their number; of other kinds nothing is known.
    """
    text = str(name or "").strip()
    if numbered := _REC.fullmatch(text):
        return numbered[1], None
    return (text if text.isascii() and text.isdigit() else None), text or None
