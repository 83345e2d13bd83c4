"""What the company tells about itself: lookup, inspect and the user's formatting preferences."""

import csv
import io
import json
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.records import Element, all_names, text_of
from app.simulators.intacct.schema import FieldSpec, ObjectSchema
from app.simulators.intacct.views import View


def lookup(view: View, element: Element) -> list[Element]:
    """Fields and relationships of an object; VALIDVALUES stands before ISCUSTOM."""
    schema = view.company.schema(text_of(element, "object"))
    data = etree.Element("data", listtype="All", count="1")
    kind = etree.SubElement(data, "Type", Name=schema.name, DocumentType=text_of(element, "docparid"))
    fields = etree.SubElement(kind, "Fields")
    for name in all_names(view.company, schema):
        path = view.company.path(schema, name)
        if path is not None:
            _field(etree.SubElement(fields, "Field"), name, path.spec)
    relationships = etree.SubElement(kind, "Relationships")
    for relation in schema.relations.values():
        parts = {
            "OBJECTPATH": relation.path,
            "OBJECTNAME": relation.object,
            "LABEL": "",
            "RELATIONSHIPTYPE": "MANY2ONE",
            "RELATEDBY": relation.by,
        }
        line = etree.SubElement(relationships, "Relationship")
        for tag, text in parts.items():
            etree.SubElement(line, tag).text = text
    return [data]


def _field(line: Element, name: str, spec: FieldSpec) -> None:
    parts = {
        "ID": name,
        "LABEL": spec.label or name.replace(".", " ").capitalize(),
        "DESCRIPTION": "",
        "REQUIRED": _word(spec.required),
        "READONLY": _word(spec.readonly),
        "DATATYPE": spec.type,
    }
    for tag, text in parts.items():
        etree.SubElement(line, tag).text = text
    if spec.values:
        values = etree.SubElement(line, "VALIDVALUES")
        for value in spec.values:
            etree.SubElement(values, "VALIDVALUE").text = value
    etree.SubElement(line, "ISCUSTOM").text = _word(spec.custom)


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def inspect(view: View, element: Element) -> list[Element]:
    """The legacy definition: `*` lists the objects, detail=1 tells about each field, otherwise names only."""
    name = text_of(element, "object") or text_of(element, "name")
    if name == "*":
        kinds = sorted(view.company.schemas)
        data = etree.Element("data", listtype="All", count=str(len(kinds)))
        for kind in kinds:
            etree.SubElement(data, "type", typename=kind.lower()).text = kind
        return [data]
    schema = view.company.schema(name)
    data = etree.Element("data", listtype="All", count="1")
    fields = etree.SubElement(etree.SubElement(data, "Type", Name=schema.name), "Fields")
    detailed = element.get("detail") == "1"
    for field_name, spec in schema.fields.items():
        if detailed:
            _inspected(etree.SubElement(fields, "Field"), schema, field_name, spec)
        else:
            etree.SubElement(fields, "Field").text = field_name
    return [data]


def _inspected(line: Element, schema: ObjectSchema, name: str, spec: FieldSpec) -> None:
    parts = {
        "Name": name,
        "GroupName": schema.name,
        "dataName": spec.type,
        "externalDataName": spec.type.lower(),
        "isRequired": _word(spec.required),
        "isReadOnly": _word(spec.readonly),
        "maxLength": str(spec.width or ""),
        "DisplayLabel": spec.label or name,
        "Description": "",
        "id": name,
    }
    for tag, text in parts.items():
        etree.SubElement(line, tag).text = text


def user_formatting(view: View, element: Element) -> list[Element]:
    """Locale, date format, offset and clock of a user, named by RECORDNO (`key`) or LOGINID (`userId`)."""
    users = view.company.tables["USERINFO"]
    key, login = text_of(element, "key"), text_of(element, "userId")
    row = users.get(int(key)) if key.isdecimal() else users.first("LOGINID", login)
    if row is None:
        raise Refused(errors.not_found("User", key or login))
    data = etree.Element("data", listtype="userformatting", count="1")
    line = etree.SubElement(data, "userformatting")
    knobs = view.company.knobs
    parts = {
        "recordno": str(row["RECORDNO"]),
        "locale": "en_US",
        "dateformat": knobs["user_date_format"],
        "gmtoffset": _offset(view.company),
        "clock": str(knobs["user_clock"]),
    }
    for tag, text in parts.items():
        etree.SubElement(line, tag).text = text
    return [data]


def _offset(company: Company) -> str:
    here: datetime = company.now().astimezone(ZoneInfo(company.knobs["user_zone"]))
    text = here.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def naked(data: Element, form: str) -> str:
    """The rows of a query as JSON or CSV: what `returnformat` answers in place of the envelope."""
    rows = [{str(cell.tag): cell.text or "" for cell in row} for row in data]
    if form == "json":
        return json.dumps(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
