"""Rows that did not come with their record are not taken for none."""

from app.backends.intacct.inner import Held, joined
from app.domain.errors import Kind
from app.domain.records import Record
from app.objects import CATALOGUE
from app.sync.dated import unread

ITEM = CATALOGUE["billing_price_entry"]
ASKED = tuple(name for name in ITEM.consults) + ((ITEM.dated.start_name,) if ITEM.dated else ())
BARE = Record("CONTRACTITEMPRICELIST", "7", {"ITEMID": "I-1"})


def test_item_whose_rows_could_not_be_read_is_tried_again_and_never_written() -> None:
    error = unread(ITEM, joined(BARE, None, ASKED))
    assert error is not None
    assert (error.kind, error.code) == (Kind.TRANSIENT, "rows_not_read")


def test_item_that_has_no_row_yet_is_read() -> None:
    assert unread(ITEM, joined(BARE, Held(dict.fromkeys(ASKED), ()), ASKED)) is None


def test_objects_without_rows_need_none() -> None:
    assert unread(CATALOGUE["account"], BARE) is None
