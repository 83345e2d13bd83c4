"""The demo's figures as a table, an error log and a history for people to read."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from app.cli.demo.cash import Walk
from app.cli.demo.run import Figures, Story
from app.cli.demo.tour import Tour

ROWS = (
    ("Accounts in", "accounts", "{}"),
    ("Accounts right, compared in both systems", "right", "{}"),
    ("Customers created", "customers_created", "{}"),
    ("Contacts created from addresses", "contacts_created", "{}"),
    ("Unchanged on the second run", "unchanged_on_second_run", "{}"),
    ("Records written on the second run", "written_on_second_run", "{}"),
    ("Failed with a reason (one was spoilt on purpose)", "failed_with_reason", "{}"),
    ("Intacct transactions per account", "transactions_per_account", "{:.3f}"),
    ("Intacct transactions per record write", "transactions_per_record_write", "{:.3f}"),
    ("Salesforce calls per account", "salesforce_calls_per_account", "{:.4f}"),
    ("Seconds, first run", "seconds", "{:.1f}"),
    ("Seconds, second run", "seconds_second_run", "{:.1f}"),
)


def show(story: Story, console: Console) -> None:
    """Print everything."""
    table = Table(title="Accounts to customers")
    table.add_column("What")
    table.add_column("Number", justify="right")
    for label, name, pattern in ROWS:
        table.add_row(label, pattern.format(getattr(story.figures, name)))
    console.print(table)
    console.print(_tour(story.tour))
    console.print(_cash(story.cash))
    console.print("\nThe error log of the spoilt account:")
    for error in story.errors:
        console.print(f"  {error['code']} ({error['kind']}): {error['message']}", markup=False)
        console.print(f"  What to do: {error['advice']}", markup=False)
    console.print("\nThe history of a good account:")
    for line in _history(story.history):
        console.print(f"  {line}", markup=False)


def _tour(tour: Tour) -> Table:
    table = Table(title="Every object, in each direction", caption=f"Written by a second sync: {tour.written_again}")
    for heading in ("Object", "Direction"):
        table.add_column(heading)
    for heading in ("Made", "Right on the other side"):
        table.add_column(heading, justify="right")
    for leg in tour.legs:
        table.add_row(leg.object_name, leg.direction, str(leg.made), str(leg.right))
    return table


def _cash(walk: Walk) -> Table:
    table = Table(title="From an opportunity to the cash")
    table.add_column("What happens")
    table.add_column("So it was", justify="right")
    for said, holds in walk.steps:
        table.add_row(said, "yes" if holds else "NO")
    return table


def _history(record: dict[str, Any]) -> list[str]:
    lines = [f"{record['objectName']} {record['recordId']} is {record.get('intacctId')} in Intacct"]
    for decision in record["decisions"]:
        lines.append(f"{decision['decidedAt']}  {decision['result']} ({decision['reason']})")
        lines += [f"    {change['side']} {change['field']} = {change['valueAfter']}" for change in decision["changes"]]
    return lines


def numbers(story: Story) -> dict[str, Any]:
    """The figures for programs, camelCase, with `ok` and the list of what is off."""
    figures: Figures = story.figures
    plain = {_camel(name): value for name, value in asdict(figures).items()}
    objects = [{_camel(name): value for name, value in asdict(leg).items()} for leg in story.tour.legs]
    problems = figures.problems() + story.tour.problems() + story.cash.problems()
    return {"ok": not problems, **plain, "objects": objects, "problems": problems}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
