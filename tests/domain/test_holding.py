"""Conditions applied to records that were read mean what they mean in a query."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.conditions import EVERYTHING, AllOf, AnyOf, Compare, Operator
from app.domain.errors import SyncError
from app.domain.holding import holds
from app.domain.records import Value

VALUES: dict[str, Value] = {
    "Status": "Paid",
    "Amount": Decimal("12.50"),
    "Paid": True,
    "Day": date(2026, 3, 1),
    "At": datetime(2026, 3, 1, 8, tzinfo=UTC),
    "Empty": None,
}


@pytest.mark.parametrize(
    ("field", "operator", "values", "meets"),
    [
        ("Status", "eq", ("paid",), True),
        ("Status", "ne", ("Paid",), False),
        ("Status", "in", ("Unpaid", "Paid"), True),
        ("Status", "notIn", ("Unpaid", "Paid"), False),
        ("Status", "contains", ("AI",), True),
        ("Status", "startsWith", ("ai",), False),
        ("Amount", "gt", ("12.49",), True),
        ("Amount", "le", (Decimal("12.49"),), False),
        ("Paid", "eq", ("true",), True),
        ("Paid", "eq", (False,), False),
        ("Paid", "in", ("true",), True),
        ("Day", "ge", ("2026-03-01",), True),
        ("Day", "lt", (date(2026, 3, 1),), False),
        ("At", "lt", ("2026-03-01T08:30:00+01:00",), False),
        ("At", "lt", ("2026-03-01T09:30:00Z",), True),
        ("Empty", "eq", ("Paid",), False),
        ("Empty", "ne", ("Paid",), True),
        ("Empty", "notIn", ("Paid",), True),
        ("Empty", "gt", ("1",), False),
        ("Empty", "isEmpty", (), True),
        ("Status", "isEmpty", (), False),
        ("Status", "isFilled", (), True),
        ("Empty", "isFilled", (), False),
    ],
)
def test_comparison(field: str, operator: str, values: tuple[Value, ...], meets: bool) -> None:
    assert holds(Compare(field, Operator(operator), values), VALUES) is meets


def test_all_and_any() -> None:
    yes, no = Compare("Paid", Operator.EQ, (True,)), Compare("Paid", Operator.EQ, (False,))
    assert holds(AllOf((yes, AnyOf((no, yes)))), VALUES)
    assert not holds(AllOf((yes, no)), VALUES)
    assert not holds(AnyOf((no, no)), VALUES)
    assert holds(EVERYTHING, VALUES)
    assert not holds(AnyOf(()), VALUES)


def test_value_that_does_not_fit_the_field_is_refused_with_its_name() -> None:
    with pytest.raises(SyncError) as refused:
        holds(Compare("Amount", Operator.EQ, ("much",)), VALUES)
    assert (refused.value.code, refused.value.field) == ("condition_invalid", "Amount")
