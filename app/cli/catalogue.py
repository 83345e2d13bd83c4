"""What is wrong with the catalogue, and where its document stands. Reads declarations and changes nothing."""

from collections.abc import Iterable
from pathlib import Path

from app.domain.declaration import SyncedObject
from app.objects import problems

DOCUMENT = Path("docs/objects.md")


def all_problems(catalogue: Iterable[SyncedObject]) -> list[str]:
    """What is wrong with the declarations, as sentences."""
    objects = list(catalogue)
    names = {declared.name for declared in objects}
    return [sentence for declared in objects for sentence in problems(declared, names)]
