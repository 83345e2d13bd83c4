"""Formulas: what they compute, what they may not say, and that nothing gets out of them or takes long."""

import builtins
import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.mappings import Malformed
from app.domain.records import Value
from app.domain.transforms import Unfit
from app.services.formula_words import FUNCTIONS, LONGEST_TEXT
from app.services.formulas import LONGEST_FORMULA, compile_formula, names_in
from tests.domain.strategies import many

FIELDS = ("FirstName", "LastName", "Account.Name", "Amount__c", "Born__c")
RECORD: dict[str, Value] = {
    "FirstName": "Ada",
    "LastName": "Byron",
    "Account.Name": "Engines Ltd",
    "Amount__c": Decimal("12.50"),
    "Born__c": date(1815, 12, 10),
}


def result(formula: str, **values: Value) -> Value:
    """The value of a formula over the record."""
    return compile_formula(formula, FIELDS)({**RECORD, **values})


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("FirstName + ' ' + LastName", "Ada Byron"),
        ("concat(LastName, ', ', left(FirstName, 1), '.')", "Byron, A."),
        ("upper(Account.Name)", "ENGINES LTD"),
        ("firstname", "Ada"),
        ("Amount__c * 2 + 0.1", Decimal("25.10")),
        ("round(Amount__c / 3, 2)", Decimal("4.17")),
        ("-Amount__c", Decimal("-12.50")),
        ("IF(Amount__c >= 10, 'big', 'small')", "big"),
        ("'big' if Amount__c < 10 else 'small'", "small"),
        ("IF(blank(FirstName), 1, 2)", Decimal(2)),
        ("coalesce('', LastName)", "Byron"),
        ("before(Account.Name, ' ')", "Engines"),
        ("after(Account.Name, ' ')", "Ltd"),
        ("right(LastName, 2) + mid(LastName, 2, 2)", "onyr"),
        ("replace(LastName, 'y', 'i')", "Biron"),
        ("trim('  a   b ')", "a b"),
        ("year(Born__c) + month(Born__c) + day(Born__c)", Decimal(1837)),
        ("text(Amount__c)", "12.5"),
        ("number('3.5') + length(FirstName)", Decimal("6.5")),
        ("contains(LastName, 'yr') and starts(LastName, 'By')", True),
        ("not (FirstName == 'Ada' or 1 > 2)", False),
        ("'a' + None", "a"),
        ("''", None),
        ("FirstName == None", False),
        ("'' == None", True),
        ("Born__c", date(1815, 12, 10)),
    ],
)
def test_formula_gives_its_value(formula: str, expected: Value) -> None:
    assert result(formula) == expected


def test_names_of_a_formula_are_its_fields_alone() -> None:
    formula = "IF(BLANK(Account.Name), 'x', CONCAT(FirstName, Account.Name, -Amount__c)) + FirstName"
    assert set(names_in(formula)) == {"Account.Name", "FirstName", "Amount__c"}
    with pytest.raises(Malformed):
        names_in("a +")


def test_only_the_chosen_side_of_a_choice_is_computed() -> None:
    assert result("IF(Amount__c == 0, 0, 100 / Amount__c)", Amount__c=Decimal(0)) == 0


def test_the_single_field_is_also_called_value() -> None:
    assert compile_formula("lower(value)", ("PRINTAS",))({"PRINTAS": "ADA"}) == "ada"


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("__import__('os').system('true')", "calls"),
        ("open('/etc/passwd')", "calls 'open'"),
        ("FirstName.__class__", "names"),
        ("Account.Name.__class__", "names"),
        ("''.join(FirstName)", "calls"),
        ("'{0.__class__}'.format(FirstName)", "calls"),
        ("(lambda: 1)()", "calls"),
        ("[x for x in FirstName]", "uses ListComp"),
        ("f'{FirstName}'", "uses JoinedStr"),
        ("FirstName[0]", "uses Subscript"),
        ("{'a': 1}", "uses Dict"),
        ("(1, 2)", "uses Tuple"),
        ("9 ** 9 ** 9", "uses Pow"),
        ("1 << 9", "uses LShift"),
        ("7 // 2", "uses FloorDiv"),
        ("FirstName in LastName", "uses In"),
        ("(x := 1)", "uses NamedExpr"),
        ("Title", "names 'Title'"),
        ("left(*FirstName)", "something other than values"),
        ("left(value=FirstName)", "something other than values"),
        ("'\\d'", "backslash"),
        ("b'a'", "literal"),
        ("1j", "literal"),
        ("9" * 60, "literal"),
        ("1e999", "literal"),
        ("1; 2", "cannot be read"),
        ("import os", "cannot be read"),
        ("", "cannot be read"),
        ("if(1, 2, 3)", "IF(condition"),
        ("'" + "a" * LONGEST_FORMULA + "'", "at most"),
        ("+".join("1" * 200), "too many parts"),
        ("-" * 60 + "1", "nested too deeply"),
        ("(" * 240 + "1" + ")" * 240, "cannot be read"),
    ],
)
def test_what_formulas_do_not_have_is_refused(formula: str, said: str) -> None:
    with pytest.raises(Malformed, match=said.replace("(", r"\(")):
        compile_formula(formula, FIELDS)


@pytest.mark.parametrize(
    "formula",
    [
        "1 / 0",
        "Amount__c + number(FirstName)",
        "FirstName * 2",
        "FirstName < 1",
        "year(FirstName)",
        "left(FirstName, 0.5)",
        "left(FirstName)",
        "number('1e39') * number('1e39')",
        "text('" + "a" * 400 + "') + replace(Account.Name, 'n', '" + "b" * 40 + "')",
        "round(number('1e30'), 5)",
    ],
)
def test_a_value_that_cannot_be_had_is_unfit_and_no_crash(formula: str) -> None:
    with pytest.raises(Unfit, match="cannot be computed"):
        result(formula, **{"Account.Name": "n" * (LONGEST_TEXT - 100)})


TOKENS = [
    *(name for name in dir(builtins) if name.isidentifier()),
    *("__class__", "__globals__", "__subclasses__", "os", "sys", "self", "simpleeval", *FUNCTIONS, *FIELDS),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        "+",
        "-",
        "*",
        "/",
        "**",
        "%",
        "<<",
        "==",
        "<",
        "if",
        "else",
        "lambda",
        ":",
    ),
    *(
        "'a'",
        "'%s'",
        "99999999",
        "1e30",
        "0",
        "None",
        "True",
        "not",
        "and",
        "or",
        "for",
        "in",
        "=",
        ":=",
        "\\",
        "\n",
        "#",
    ),
]


@many
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=14).map(" ".join))
def test_whatever_is_written_is_refused_or_gives_a_value_quickly(source: str) -> None:
    _tried(source)


@many
@given(
    st.recursive(
        st.sampled_from(["'ab'", "9e30", "3", "None", *FIELDS]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})"),
            st.tuples(st.sampled_from([name for name in FUNCTIONS if name != "if"]), st.lists(inner, max_size=3)).map(
                lambda p: f"{p[0]}({', '.join(p[1])})"
            ),
            st.tuples(inner, inner, inner).map(lambda p: f"IF({', '.join(p)})"),
        ),
        max_leaves=30,
    )
)
def test_whatever_is_nested_is_refused_or_gives_a_value_quickly(source: str) -> None:
    _tried(source)


def _tried(source: str) -> None:
    """Nothing but our two errors comes out, only values of the agreed types do, and neither takes long."""
    started = time.perf_counter()
    try:
        made = result(source, FirstName="x" * LONGEST_TEXT)
    except (Malformed, Unfit):
        made = None
    assert time.perf_counter() - started < 1
    assert made is None or isinstance(made, str | bool | Decimal | date)
    if isinstance(made, str):
        assert len(made) <= LONGEST_TEXT


def test_no_function_hands_out_anything_but_values() -> None:
    for name in FUNCTIONS:
        with pytest.raises((Malformed, Unfit)):
            result(f"{name}.__class__")


def test_a_formula_remembers_nothing_of_the_record_before() -> None:
    formula = compile_formula("a / b", ("a", "b"))
    assert formula({"a": 6, "b": 3}) == Decimal(2)
    with pytest.raises(Unfit):
        formula({"a": 6, "b": 0})
    with pytest.raises(Unfit):
        formula({"a": None, "b": 3})
    assert formula({"a": 9, "b": 3}) == Decimal(3)
