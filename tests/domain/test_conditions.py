"""Condition trees: small enough, complete, and typed by the field they speak of."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Family,
    Operator,
    check,
    comparisons,
    typed,
)
from app.domain.errors import Kind, SyncError
from app.domain.records import Value

NAME = Compare("Name", Operator.EQ, ("Acme",))


def nested(levels: int) -> Condition:
    tree: Condition = NAME
    for _ in range(levels - 1):
        tree = AllOf((tree,))
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        AllOf(()),
        nested(6),
        AnyOf((NAME,) * 600),
        Compare("Name", Operator.IN, tuple(f"n{n}" for n in range(100))),
        Compare("Name", Operator.IS_EMPTY),
    ],
)
def test_a_filter_within_the_limits_passes(tree: Condition) -> None:
    check(tree)


@pytest.mark.parametrize(
    ("tree", "field"),
    [
        (nested(7), None),
        (AnyOf((NAME,) * 601), None),
        (Compare("Name", Operator.IN, tuple(f"n{n}" for n in range(101))), "Name"),
        (Compare("Name", Operator.IN), "Name"),
        (Compare("Name", Operator.EQ), "Name"),
        (Compare("Name", Operator.EQ, ("a", "b")), "Name"),
        (Compare("Name", Operator.IS_EMPTY, ("a",)), "Name"),
        (Compare("Name", Operator.EQ, (" ",)), "Name"),
        (AllOf((AnyOf((Compare("Phone", Operator.NE, (None,)),)),)), "Phone"),
    ],
)
def test_a_filter_beyond_the_limits_is_refused_by_its_field(tree: Condition, field: str | None) -> None:
    with pytest.raises(SyncError) as refused:
        check(tree)
    assert (refused.value.kind, refused.value.code, refused.value.field) == (Kind.DATA, "condition_invalid", field)


def test_all_comparisons_of_a_tree_are_told() -> None:
    other = Compare("City", Operator.IS_FILLED)
    assert list(comparisons(AnyOf((AllOf((NAME, other)), other)))) == [NAME, other, other]


@pytest.mark.parametrize(
    ("family", "given", "read"),
    [
        (Family.TEXT, "O'Neil \\ %", "O'Neil \\ %"),
        (Family.NUMBER, " 12.50 ", Decimal("12.50")),
        (Family.NUMBER, 3, 3),
        (Family.BOOLEAN, "True", True),
        (Family.BOOLEAN, False, False),
        (Family.DATE, "2026-01-31", date(2026, 1, 31)),
        (Family.MOMENT, "2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        (Family.ID, "001000000000001", "001000000000001AAA"),
    ],
)
def test_text_is_read_by_the_type_of_its_field(family: Family, given: Value, read: Value) -> None:
    assert typed(Compare("X", Operator.EQ, (given,)), family).values == (read,)


@pytest.mark.parametrize(
    ("family", "operator", "value"),
    [
        (Family.NUMBER, Operator.EQ, "12,50"),
        (Family.NUMBER, Operator.EQ, "NaN"),
        (Family.NUMBER, Operator.EQ, "1e99"),
        (Family.NUMBER, Operator.EQ, True),
        (Family.NUMBER, Operator.CONTAINS, "1"),
        (Family.BOOLEAN, Operator.EQ, "yes"),
        (Family.BOOLEAN, Operator.LT, "true"),
        (Family.DATE, Operator.EQ, "31.01.2026"),
        (Family.MOMENT, Operator.EQ, "2026-01-31T08:00:00"),
        (Family.ID, Operator.EQ, "Acme"),
        (Family.ID, Operator.STARTS_WITH, "001"),
        (Family.TEXT, Operator.EQ, 5),
        (Family.TEXT, Operator.EQ, "x" * 256),
        (Family.TEXT, Operator.EQ, "a\nb"),
        (Family.TEXT, Operator.EQ, "\ud800"),
    ],
)
def test_what_does_not_fit_the_field_is_refused(family: Family, operator: Operator, value: Value) -> None:
    with pytest.raises(SyncError) as refused:
        typed(Compare("X", operator, (value,)), family)
    assert (refused.value.code, refused.value.field) == ("condition_invalid", "X")
