"""Previews and runs of journal mappings, as they are sent."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.journal_mappings import RecordIdText, SideName, word
from app.api.schemas.model import In, Line, Out
from app.domain.building import BuiltEntry, BuiltLine, Outcome
from app.domain.records import Value
from app.services.building import Made


class JournalRun(In):
    """Source records to make entries from: ids of the header source."""

    record_ids: Annotated[list[RecordIdText], Field(min_length=1, max_length=200)]
    requested_by: Annotated[Line, Field(max_length=120)] | None = None


class FieldValue(Out):
    """A field and its value as text."""

    field_name: str
    text: str | None


class BuiltLineView(Out):
    """A line that would be made, and the source lines it stands for."""

    side: SideName
    values: list[FieldValue]
    source_ids: list[str]


class BuiltEntryView(Out):
    """An entry that would be made."""

    header_ids: list[str]
    values: list[FieldValue]
    entry_lines: list[BuiltLineView]


class BuildProblem(Out):
    """Why a source record would have no entry: skipped by a rule, or something is missing."""

    record_id: str
    reason: str
    message: str
    skipped: bool


class JournalPreview(Out):
    """What a run would make. Nothing was written."""

    entries: list[BuiltEntryView]
    without: list[BuildProblem]
    correlation_id: str


class BuiltRecord(Out):
    """What became of a source record."""

    record_id: str
    result: Literal["built", "planned", "skipped", "failed"]
    reason: str
    message: str
    entry_ids: Annotated[list[str], Field(description="Its journal entries in Salesforce, former ones included.")]


class JournalRunAnswer(Out):
    """One answer per source record, in the order given. Entries that were built go to Intacct as journal_entry."""

    items: list[BuiltRecord]
    correlation_id: str


def preview_out(outcome: Outcome, correlation_id: str) -> JournalPreview:
    """What a run would make."""
    without = [
        {"record_id": key, "reason": reason, "message": message, "skipped": True}
        for key, (reason, message) in outcome.skipped.items()
    ]
    without += [
        {"record_id": key, "reason": one.code, "message": one.message, "skipped": False}
        for key, problems in outcome.problems.items()
        for one in problems
    ]
    entries = [_entry(entry) for entry in outcome.entries]
    return JournalPreview.model_validate({"entries": entries, "without": without, "correlation_id": correlation_id})


def _entry(entry: BuiltEntry) -> dict[str, Any]:
    lines = [_line(line) for line in entry.lines]
    return {"header_ids": list(entry.headers), "values": _values(entry.values), "entry_lines": lines}


def _line(line: BuiltLine) -> dict[str, Any]:
    return {"side": line.side.value, "values": _values(line.values), "source_ids": list(line.sources)}


def _values(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"field_name": name, "text": word(value)} for name, value in values.items()]


def run_out(made: list[Made], correlation_id: str) -> JournalRunAnswer:
    """What became of the records of a run."""
    items = [
        {
            "record_id": one.record_id,
            "result": one.result,
            "reason": one.reason,
            "message": one.message,
            "entry_ids": list(one.entries),
        }
        for one in made
    ]
    return JournalRunAnswer.model_validate({"items": items, "correlation_id": correlation_id})
