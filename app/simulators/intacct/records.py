"""Records as they travel: XML children flattened to dotted names, and stored rows unfolded again.

Shapes only: what may be written and who may see it is decided elsewhere.
"""

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from app.simulators.intacct.company import Company
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import render

Element = etree._Element


@dataclass
class Draft:
    """A record as sent: texts by dotted field name, rows of owned lists by list name."""

    fields: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def children(element: Element) -> list[Element]:
    """Child elements; the parser has left out comments and processing instructions."""
    return list(element)


def tag_of(element: Element) -> str:
    """The element's name as text."""
    return str(element.tag)


def text_of(parent: Element, name: str, default: str = "") -> str:
    """Text of the first child called `name`, stripped."""
    found = parent.find(name)
    return (found.text or "").strip() if found is not None else default


def read_draft(schema: ObjectSchema, element: Element) -> Draft:
    """What a create or update sends for one record. Field names are upper-cased, empty elements kept as ''."""
    draft = Draft()
    for child in children(element):
        name = tag_of(child).upper()
        if name in schema.lists:
            row_tag = schema.lists[name].row
            draft.lists[name] = [_flat(row, "") for row in children(child) if tag_of(row).upper() == row_tag]
        else:
            draft.fields.update(_flat(child, name, schema))
    return draft


def _flat(element: Element, name: str, schema: ObjectSchema | None = None) -> dict[str, str]:
    inner = children(element)
    if not inner:
        if schema is not None and name in schema.relations and name not in schema.fields:
            relation = schema.relations[name]
            return {f"{name}.CONTACTNAME": ""} if relation.write == "name" else {}
        return {name: element.text or ""} if name else {}
    out: dict[str, str] = {}
    for child in inner:
        tag = tag_of(child).upper()
        out.update(_flat(child, f"{name}.{tag}" if name else tag))
    return out


def flatten(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names of a nested JSON record; lists stay as they are."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{prefix}{key.upper()}"
        if isinstance(value, dict):
            out.update(flatten(value, f"{name}."))
        else:
            out[name] = value
    return out


def nest(flat: dict[str, Any]) -> dict[str, Any]:
    """The opposite of `flatten`."""
    out: dict[str, Any] = {}
    for name, value in flat.items():
        *heads, last = name.split(".")
        place = out
        for head in heads:
            place = place.setdefault(head, {})
        place[last] = value
    return out


def all_names(company: Company, schema: ObjectSchema) -> list[str]:
    """Every field a full read shows: own fields, then those of the related records that belong to this one."""
    names = list(schema.fields)
    for relation in schema.relations.values():
        if relation.write:
            target = company.schemas[relation.object]
            names += [f"{relation.path}.{n}" for n, spec in target.fields.items() if not spec.readonly]
    return names


def texts(company: Company, schema: ObjectSchema, values: Values, names: list[str]) -> dict[str, str]:
    """The wire's texts of the named fields (all must exist)."""
    how = company.formatting()
    out = {}
    for name in names:
        path = company.path(schema, name)
        if path is not None:
            out[name] = render(path.spec, path.get(values), how)
    return out


def full_record(company: Company, schema: ObjectSchema, values: Values) -> dict[str, Any]:
    """A stored row as nested texts, owned lists included: what `/_sim/records` shows and `read` answers."""
    record = nest(texts(company, schema, values, list(schema.fields)))
    for relation in schema.relations.values():
        if relation.write:
            target = company.schemas[relation.object]
            row = company.target(schema, values, relation.path) or {}
            shown = [name for name, spec in target.fields.items() if not spec.readonly]
            record[relation.path] = nest(texts(company, target, row, shown))
    for name, owned in schema.lists.items():
        if owned.object:
            table, target = company.tables[owned.object], company.schemas[owned.object]
            lines = [line for number in table.find(owned.by, values["RECORDNO"]) if (line := table.get(number))]
            record[name] = [nest(texts(company, target, line, list(target.fields))) for line in lines]
            continue
        record[name] = [nest({f: row.get(f, "") for f in owned.fields}) for row in values.get(name) or []]
    return record


def append_nested(parent: Element, record: dict[str, Any], schema: ObjectSchema | None = None) -> None:
    """Write a nested record below `parent`; the rows of an owned list get the lower-case row tag."""
    for name, value in record.items():
        child = etree.SubElement(parent, name)
        if isinstance(value, dict):
            append_nested(child, value)
        elif isinstance(value, list):
            tag = schema.lists[name].row.lower() if schema is not None else name.lower()
            for row in value:
                append_nested(etree.SubElement(child, tag), row)
        else:
            child.text = value
