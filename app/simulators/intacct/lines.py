"""Lines that are records of their own: written, replaced and removed with the record that owns them.

Form only; what a ledger demands of its lines stands in `journals`.
"""

from app.simulators.intacct import errors
from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.fieldcheck import check_fields, defaults
from app.simulators.intacct.schema import OwnedList
from app.simulators.intacct.tables import Values


def write_lines(company: Company, owned: OwnedList, owner: Values, rows: list[dict[str, str]]) -> list[VendorError]:
    """Make `rows` the lines of `owner`, in order. (model) A row with the RECORDNO of a line keeps it and is an edit of
    it, others are new lines with new numbers, and lines that are not sent are gone. Answers every problem found.
    """
    target, table = company.schemas[owned.object], company.tables[owned.object]
    old = {number: table.get(number) for number in table.find(owned.by, owner["RECORDNO"])}
    problems: list[VendorError] = []
    made: list[Values] = []
    for place, row in enumerate(rows, 1):
        number = row.get("RECORDNO", "").strip()
        kept = old.get(int(number)) if number.isdecimal() else None
        checked = check_fields(company, target, {n: t for n, t in row.items() if n != "RECORDNO"}, trusted=False)
        blank: Values = {name: None for name, spec in target.fields.items() if not spec.via}
        values = {**blank, **defaults(target), **(kept or {}), **checked.values}
        problems += checked.problems
        problems += [
            errors.missing_required(f"{owned.path}.{owned.row}.{name} (line {place})")
            for name, spec in target.fields.items()
            if spec.required and values.get(name) is None
        ]
        values |= {owned.by: owner["RECORDNO"], owned.number: place}
        made.append(values)
    if problems:
        return problems
    for gone in old.keys() - {values.get("RECORDNO") for values in made}:
        table.remove(gone, company.clock.now())
    now = company.now()
    for values in made:
        if values.get("RECORDNO") is None:
            values |= {"RECORDNO": table.next_number(), "WHENCREATED": now, "CREATEDBY": USER_RECORDNO}
        values |= {"WHENMODIFIED": now, "MODIFIEDBY": USER_RECORDNO}
        table.put(values, company.clock.now())
    return []


def remove_lines(company: Company, owned: OwnedList, owner: Values) -> None:
    """Delete the lines with their owner."""
    table = company.tables[owned.object]
    for number in table.find(owned.by, owner["RECORDNO"]):
        table.remove(number, company.clock.now())
