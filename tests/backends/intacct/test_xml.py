"""Requests as trees, replies as suspects: order of elements, escaping, scrubbing, and refusal of hostile documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.backends.intacct.xml import Control, Function, Login, Scrubber, Unreadable, build_request, flatten, parse

CONTROL = Control("sender", "pw", "req-1")


def function(control_id: str = "f1", *, writes: bool = False) -> Function:
    return Function(control_id, etree.Element("getAPISession"), writes)


def test_control_block_stands_in_the_documented_order() -> None:
    root = etree.fromstring(build_request(CONTROL, "S", [function()], Scrubber(), explain=True))
    assert [child.tag for child in root[0]] == [
        "senderid",
        "password",
        "controlid",
        "uniqueid",
        "dtdversion",
        "includewhitespace",
        "showadditionalerrorinfo",
    ]
    assert (root.findtext("control/dtdversion"), root.findtext("control/includewhitespace")) == ("3.0", "false")


@pytest.mark.parametrize(("writes", "word"), [(True, "true"), (False, "false")])
def test_uniqueid_is_true_for_writes_only(writes: bool, word: str) -> None:
    root = etree.fromstring(build_request(CONTROL, "S", [function(writes=writes)], Scrubber()))
    assert root.findtext("control/uniqueid") == word


def test_reads_and_writes_do_not_share_a_request() -> None:
    with pytest.raises(ValueError, match="never both"):
        build_request(CONTROL, "S", [function(), function(writes=True)], Scrubber())


def test_a_request_is_signed_by_a_session_or_a_login_never_both() -> None:
    by_session = etree.fromstring(build_request(CONTROL, "S-1", [function()], Scrubber()))
    by_login = etree.fromstring(build_request(CONTROL, Login("u", "c", "p"), [function()], Scrubber()))
    assert [child.tag for child in by_session.iterfind("operation/authentication/*")] == ["sessionid"]
    assert [child.tag for child in by_login.iterfind("operation/authentication/*")] == ["login"]


def test_markup_in_attributes_is_escaped() -> None:
    raw = build_request(CONTROL, "S", [function("a<b>&\"'")], Scrubber())
    found = etree.fromstring(raw).find("operation/content/function")
    assert found is not None
    assert found.get("controlid") == "a<b>&\"'"


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_forbidden_characters_are_taken_out_and_counted(bad: str) -> None:
    scrub = Scrubber()
    assert scrub(f"a{bad}b") == "ab"
    assert scrub.removed == 1


def test_emoji_tabs_and_newlines_pass() -> None:
    scrub = Scrubber()
    assert scrub("a\t\r\n😀é") == "a\t\r\n😀é"
    assert scrub.removed == 0


@given(st.text())
def test_any_text_survives_the_way_through_xml(text: str) -> None:
    scrub = Scrubber()
    body = etree.Element("x")
    body.text = scrub(text)
    raw = build_request(CONTROL, "S", [Function(text or "c", body)], scrub)
    assert (etree.fromstring(raw).findtext("operation/content/function/x") or "") == scrub(text)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \n",
        b"<html><body>no",
        b"plain words",
        b'{"json": true}',
        b"<response><control>",
        b'<!DOCTYPE response [<!ENTITY x "y">]><response>&x;</response>',
        b'<?xml version="1.0"?><!-- c --><!DOCTYPE html><html/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'.encode("utf-16"),
        b"<a>" * 5000 + b"</a>" * 5000,
    ],
)
def test_what_is_no_modest_document_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(body)


def test_a_prologue_full_of_comments_is_judged_quickly() -> None:
    with pytest.raises(Unreadable):
        parse(b"<!-- -->" * 20_000 + b"<")


def test_external_references_are_not_followed(tmp_path: object) -> None:
    include = b'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname"/></r>'
    assert len(parse(include)[0]) == 0


def test_nested_dotted_upper_and_lower_case_rows_read_alike() -> None:
    nested = etree.fromstring("<customer><name>A</name><DisplayContact><Email1>e</Email1></DisplayContact></customer>")
    dotted = etree.fromstring("<CUSTOMER><NAME>A</NAME><DISPLAYCONTACT.EMAIL1>e</DISPLAYCONTACT.EMAIL1></CUSTOMER>")
    assert flatten(nested) == flatten(dotted) == {"NAME": "A", "DISPLAYCONTACT.EMAIL1": "e"}


def test_rows_nested_beyond_reason_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        flatten(etree.fromstring("<a>" * 60 + "</a>" * 60))
