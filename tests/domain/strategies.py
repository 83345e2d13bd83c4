"""What values and rows may look like, for tests that try many. No test stands here."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st

from app.domain.declaration import Field, Policy, Rule
from app.domain.merge import Direction
from app.domain.records import System
from app.domain.transforms import Canonical

many = settings(max_examples=150, deadline=None, derandomize=True, database=None)
"""The same examples on every machine."""

FORBIDDEN = "\x00\x01\x08\x0b\x0c\x0e\x1f\ud800\udfff\ufffe\uffff"
"""Characters XML 1.0 has no place for, one of each range."""

texts = st.text(st.one_of(st.characters(), st.sampled_from(FORBIDDEN + "e\u0301\u00a0\u2003 \t\n")), max_size=40)
"""Any text at all, rich in forbidden characters, combining accents and blanks."""

streets = st.lists(texts, max_size=7).map("\n".join) | st.lists(texts, max_size=7).map("\r\n".join)

amounts = st.decimals(min_value=Decimal("-1e15"), max_value=Decimal("1e15"), allow_nan=False, places=5)

values: st.SearchStrategy[Canonical] = st.sampled_from([None, "a", "b", "c", True, False, ("a", None), (None, None)])
rules = st.sampled_from(list(Rule))
policies = st.sampled_from(list(Policy))
sides = st.sampled_from(list(System))
directions = st.sampled_from(list(Direction))


@st.composite
def rows(draw: st.DrawFn) -> list[Field]:
    """Up to five rows under any rule and policy."""
    return [
        Field(f"I{n}", f"S{n}", draw(rules), policy=draw(policies), keep_filled=draw(st.booleans()))
        for n in range(draw(st.integers(1, 5)))
    ]
