"""The check of what a write sends, field by field: known, writable, of the right form, within its width.

Finds every problem before anything is written. Looks references up, but stores nothing.
"""

from dataclasses import dataclass, field

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.schema import FieldSpec, ObjectSchema
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import Formatting, is_mail, parse

MULTIPLE = "#~#"


@dataclass
class Checked:
    """Stored values by field, texts by relation path, and what was wrong."""

    values: Values = field(default_factory=dict)
    relations: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[VendorError] = field(default_factory=list)


def check_fields(company: Company, schema: ObjectSchema, fields: dict[str, str], trusted: bool) -> Checked:
    """Sort and check the texts of a write. `trusted` lets read-only fields through."""
    out = Checked()
    how = company.formatting()
    for name, text in fields.items():
        spec = schema.fields.get(name)
        if spec is None or spec.via:
            _relation_part(company, schema, name, text, out, trusted)
        elif spec.readonly and not trusted:
            out.problems.append(errors.read_only(name))
        else:
            problem = _check(company, schema, spec, text, how, out.values)
            if problem is not None:
                out.problems.append(problem)
    return out


def defaults(schema: ObjectSchema) -> Values:
    """What a new record holds in the fields that are left out."""
    how = Formatting()
    return {name: parse(spec, spec.default, how) for name, spec in schema.fields.items() if spec.default}


def check_lists(
    schema: ObjectSchema, lists: dict[str, list[dict[str, str]]], problems: list[VendorError]
) -> dict[str, list[dict[str, str]]]:
    """Rows of owned lists as stored; unknown row fields and percentages that do not add up are reported.

    Lists whose rows are records of their own are left to `lines`.
    """
    kept = {path: rows for path, rows in lists.items() if not schema.lists[path].object}
    for path, rows in kept.items():
        owned = schema.lists[path]
        for row in rows:
            problems += [errors.unknown_field(f"{path}.{n}", schema.name) for n in row if n not in owned.fields]
        if owned.total and rows and sum(float(row.get(owned.total) or 0) for row in rows) != 100:
            problems.append(errors.bad_format(f"{owned.total}: the percentages must add up to 100", owned.total))
    return kept


def _relation_part(company: Company, schema: ObjectSchema, name: str, text: str, out: Checked, trusted: bool) -> None:
    head, _, rest = name.partition(".")
    relation = schema.relations.get(head)
    target = company.schemas[relation.object] if relation is not None else None
    if relation is None or target is None or not relation.write or rest not in target.fields:
        out.problems.append(errors.unknown_field(name, schema.name))
    elif relation.write == "name" and rest != target.id:
        if not trusted:
            out.problems.append(errors.read_only(name))
    else:
        out.relations.setdefault(head, {})[rest] = text


def _check(
    company: Company, schema: ObjectSchema, spec: FieldSpec, text: str, how: Formatting, values: Values
) -> VendorError | None:
    try:
        value = parse(spec, text, how)
    except (ValueError, KeyError):
        return errors.bad_format(spec.name, spec.name)
    values[spec.name] = value
    if value is None:
        return None
    if spec.width is not None and len(str(value)) > spec.width:
        return errors.too_long(spec.name, spec.width)
    words = str(value).split(MULTIPLE) if spec.multiple else [str(value)]
    wrong = [word for word in words if word not in spec.values] if spec.values else []
    if wrong:
        return errors.invalid_choice(spec.name, wrong[0], spec.values)
    if spec.form == "email" and not is_mail(text):
        return errors.bad_format(f"{schema.label}version", spec.name)
    if spec.ref:
        kind, _, to = spec.ref.partition(".")
        if not company.tables[kind].find(to, value):
            return errors.invalid_reference(company.schemas[kind].label, str(value), spec.name)
    return None
