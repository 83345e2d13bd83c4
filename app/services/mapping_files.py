"""A mapping as a YAML file, out and in. Reads nothing but plain data: no tags, no anchors, no aliases, bounded in size.

What the data may say is checked by whoever reads it; here a text becomes plain values, or is refused.
"""

from typing import Any

import yaml

from app.domain.errors import Kind, SyncError
from app.domain.mappings import Content, plain_content

LONGEST_FILE = 200_000
"""Characters. Two hundred rows with value maps take a quarter of it."""

DEEPEST = 12
FORMAT = 1
"""Of the file; another one is refused, so that an old service does not misread a new file."""


def written(name: str, content: Content, note: str) -> str:
    """The file of a content: the object it is for, its note and its rows."""
    said = {"format": FORMAT, "objectName": name, "note": note, **plain_content(content)}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100)


def read(text: str, name: str) -> dict[str, Any]:
    """The plain data of a file for an object, without what only the file says.

    Raises SyncError CONFIG `mapping_file_invalid` for a text that is no such file, or is for another object.
    """
    if len(text) > LONGEST_FILE:
        raise _refused(f"it has {len(text)} characters, at most {LONGEST_FILE} are allowed")
    try:
        _no_tricks(text)
        said = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        raise _refused("it is not YAML") from wrong
    if not isinstance(said, dict) or not all(isinstance(key, str) for key in said):
        raise _refused("it is not a list of named values")
    if said.pop("format", None) != FORMAT:
        raise _refused(f"its format is not {FORMAT}")
    if (given := said.pop("objectName", None)) != name:
        raise _refused(f"it is for {given!s:.60}, not for {name}")
    return said


def _no_tricks(text: str) -> None:
    """Refuses what makes a small file large or anything but data."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise _refused("it has anchors, aliases or tags")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _refused("it is nested too deeply")


def _refused(why: str) -> SyncError:
    advice = "Export the mapping to see how a file looks."
    return SyncError(Kind.CONFIG, "mapping_file_invalid", f"The file cannot be used: {why}.", advice, field="yaml")
