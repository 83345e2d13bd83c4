"""The catalogue: what a declaration may not say, in which order objects come, and their document."""

from dataclasses import replace
from pathlib import Path
from pkgutil import iter_modules

import pytest
from typer.testing import CliRunner

import app.objects
from app.cli import cli
from app.domain.declaration import End, Field, Mark, Rule, SyncedObject, WriteBack
from app.domain.options import Option, option_problem
from app.domain.transforms import Street
from app.objects import CATALOGUE, clashes, problems
from app.services.catalogue import objects_markdown
from app.services.option_pages import options_markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "objects.md"
FINE = SyncedObject(
    name="widget",
    label="Widget",
    salesforce=End("Widget__c", "Name"),
    intacct=End("WIDGET", "WIDGETID"),
    fields=(Field("NAME", "Name"), Field("OWNER", "Owner__c", refers_to="person")),
    write_back=WriteBack("Widget_ID__c"),
    match_by=("NAME",),
)
NAMES = {"widget", "person"}


def with_rows(*rows: Field) -> SyncedObject:
    """A widget with further rows."""
    return replace(FINE, fields=FINE.fields + rows)


def named(name: str, *refers_to: str) -> SyncedObject:
    """An object that refers to others."""
    rows = tuple(Field(f"R{n}", f"R{n}__c", refers_to=other) for n, other in enumerate(refers_to))
    return replace(FINE, name=name, fields=rows)


def ordered(*declared: SyncedObject) -> list[str]:
    """Names in the order of the catalogue."""
    return [one.name for one in app.objects._ordered({one.name: one for one in declared})]


def test_sound_declaration_has_no_problems() -> None:
    assert problems(FINE, NAMES) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (with_rows(Field("NAME", "Other__c")), "widget: two rows write NAME"),
        (with_rows(Field("OTHER", "Name")), "widget: two rows write Name"),
        (
            with_rows(Field(("A1", "A2"), "Street__c", via=Street(lines=2)), Field("A2", "Other__c")),
            "widget: two rows write A2",
        ),
        (
            with_rows(Field("TOTAL", "Total__c", Rule.BIDIRECTIONAL, mark=Mark.FORMULA)),
            "widget: TOTAL is a formula and must be From Intacct",
        ),
        (
            with_rows(Field("TOTAL", "Total__c", Rule.TO_INTACCT, mark=Mark.FORMULA)),
            "widget: TOTAL is a formula and must be From Intacct",
        ),
        (
            with_rows(Field("BOX", "Box__c", refers_to="box")),
            "widget: BOX refers to 'box', which is no object",
        ),
        (replace(FINE, cascade=("person", "box")), "widget: cascade names 'box', which is no object"),
        (
            replace(FINE, link_key=None, match_by=()),
            "widget: it has neither a link key nor a natural key to be looked up by",
        ),
        (replace(FINE, link_key="NAME"), "widget: the link key is also a mapping row"),
    ],
)
def test_each_mistake_is_said_in_one_sentence(wrong: SyncedObject, sentence: str) -> None:
    assert problems(wrong, NAMES) == [sentence]


@pytest.mark.parametrize(
    "fine",
    [
        with_rows(Field("TOTAL", "Total__c", Rule.FROM_INTACCT, mark=Mark.FORMULA)),
        with_rows(Field("PARENT", "Parent__c", refers_to="widget")),
        replace(FINE, cascade=("person",)),
        replace(FINE, link_key=None),
        replace(FINE, match_by=()),
        replace(FINE, link_key="DOCNO", match_by=()),
    ],
)
def test_what_only_looks_like_a_mistake_is_none(fine: SyncedObject) -> None:
    assert problems(fine, NAMES) == []


def test_all_mistakes_are_said_at_once() -> None:
    wrong = with_rows(Field("NAME", "Name"), Field("BOX", "Box__c", refers_to="box"))
    assert problems(wrong, NAMES) == [
        "widget: two rows write NAME",
        "widget: two rows write Name",
        "widget: BOX refers to 'box', which is no object",
    ]


def test_referenced_objects_come_first() -> None:
    assert ordered(named("a", "b"), named("b", "c"), named("c")) == ["c", "b", "a"]


def test_objects_that_need_nobody_keep_their_order() -> None:
    assert ordered(named("b"), named("a"), named("c", "b")) == ["b", "a", "c"]


def test_object_may_refer_to_itself() -> None:
    assert ordered(named("a", "a", "b"), named("b", "b")) == ["b", "a"]


def test_circle_of_references_is_refused_with_its_members() -> None:
    with pytest.raises(ValueError, match="objects refer to each other in a circle: a, b, c"):
        ordered(named("a", "b"), named("b", "c"), named("c", "a"), named("d"))


def test_every_module_is_an_object_of_its_own_name() -> None:
    modules = {info.name for info in iter_modules(app.objects.__path__)}
    assert modules == set(CATALOGUE)
    assert all(declared.name == name for name, declared in CATALOGUE.items())


def test_every_declared_object_is_sound() -> None:
    assert [sentence for declared in CATALOGUE.values() for sentence in problems(declared, set(CATALOGUE))] == []


def test_dependencies_stand_before_those_that_need_them() -> None:
    names = list(CATALOGUE)
    for declared in CATALOGUE.values():
        for row in declared.fields:
            if row.refers_to not in (None, declared.name):
                assert names.index(str(row.refers_to)) < names.index(declared.name)


def test_accounts_come_after_their_contacts() -> None:
    assert list(CATALOGUE).index("contact") < list(CATALOGUE).index("account")


@pytest.mark.parametrize("declared", CATALOGUE.values(), ids=list(CATALOGUE))
def test_default_of_every_option_is_a_value_it_takes(declared: SyncedObject) -> None:
    assert [option.name for option in declared.options if option_problem(option, option.default)] == []


@pytest.mark.parametrize("declared", CATALOGUE.values(), ids=list(CATALOGUE))
def test_formula_and_fixed_rows_are_active(declared: SyncedObject) -> None:
    assert [row.id for row in declared.fields if row.mark is not Mark.FREE and not row.active] == []


def test_document_is_up_to_date() -> None:
    """Refresh it with `tandem lint-objects --write`."""
    assert DOCUMENT.read_text(encoding="utf-8") == objects_markdown()


def test_the_page_of_options_is_up_to_date_and_names_every_one() -> None:
    """Refresh it with `tandem lint-objects --write`."""
    text = options_markdown()
    assert DOCUMENT.with_name("options.md").read_text(encoding="utf-8") == text
    assert all(f"| `{option.name}` |" in text for declared in CATALOGUE.values() for option in declared.options)


def test_options_of_one_name_take_the_same_in_every_object() -> None:
    odd = replace(CATALOGUE["contact"], options=(Option("syncOnlyOnce", "no", "Differs.", ("no", "yes")),))
    assert clashes(CATALOGUE.values()) == []
    assert clashes([CATALOGUE["account"], odd]) == ["option 'syncOnlyOnce' takes different values in account, contact"]


def test_command_line_finds_the_document_up_to_date() -> None:
    answer = CliRunner().invoke(cli, ["lint-objects", "--path", str(DOCUMENT)])
    assert (answer.exit_code, answer.output) == (0, f"{len(CATALOGUE)} objects, no problems.\n")


def test_document_names_every_row_option_and_companion() -> None:
    text = objects_markdown()
    for declared in CATALOGUE.values():
        assert f"## {declared.label} (`{declared.name}`)" in text
        assert all(f"Option `{option.name}`" in text for option in declared.options)
        assert all(f"Also makes `{companion.kind}` as `{companion.link}`" in text for companion in declared.companions)
        assert all(f"| `{row.salesforce}` |" in text for row in declared.fields)


def test_document_says_how_a_row_travels_and_what_is_special_about_it() -> None:
    lines = objects_markdown([with_rows(Field("OFF", "Off__c", Rule.FROM_INTACCT, active=False))]).splitlines()
    assert "| `OWNER` | `Owner__c` | both ways | refers to person |" in lines
    assert "| `OFF` | `Off__c` | Intacct → Salesforce | off unless switched on |" in lines
