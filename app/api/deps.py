"""What routes are handed: the services' surroundings, the correlation id, and checked parts of the path."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Path, Request
from starlette.convertors import Convertor, register_url_convertor

from app.api.doors import Doors
from app.api.errors import correlation_of
from app.domain.errors import Kind, SyncError
from app.domain.records import salesforce_id
from app.objects import CATALOGUE
from app.services.context import Context
from app.services.health import Probe


@dataclass(frozen=True, slots=True)
class House:
    """What the application was opened with. `queue` tells whether the queue answers; None where there is none."""

    context: Context
    queue: Probe | None = None
    doors: Doors = field(default_factory=Doors)


class RecordIdConvertor(Convertor[str]):
    """A path segment as long as a Salesforce id, where a word may stand in its place too."""

    regex = "[A-Za-z0-9]{15}|[A-Za-z0-9]{18}"

    def convert(self, value: str) -> str:
        """The text itself."""
        return value

    def to_string(self, value: str) -> str:
        """The text itself."""
        return value


register_url_convertor("recordid", RecordIdConvertor())


async def _house(request: Request) -> House:
    house = request.app.state.house
    assert isinstance(house, House)
    return house


async def _context(house: Annotated[House, Depends(_house)]) -> Context:
    return house.context


async def _correlation(request: Request) -> str:
    return correlation_of(request.scope)


async def _object(
    name: Annotated[
        str,
        Path(alias="objectName", description="A synced object.", json_schema_extra={"enum": list(CATALOGUE)}),
    ],
) -> str:
    if name not in CATALOGUE:
        message = "There is no such object."
        raise SyncError(Kind.DATA, "object_unknown", message, f"Known objects: {', '.join(CATALOGUE)}.")
    return name


def full_id(given: str | None) -> str | None:
    """The 18-character form of an id in a filter; an id that cannot be one stays, and finds nothing."""
    try:
        return salesforce_id(given) if given is not None else None
    except ValueError:
        return given


async def _record(
    given: Annotated[
        str,
        Path(
            alias="recordId",
            pattern=r"^([A-Za-z0-9]{15}|[A-Za-z0-9]{18})$",
            description="Salesforce id of the record, 15 or 18 characters.",
        ),
    ],
) -> str:
    try:
        return salesforce_id(given)
    except ValueError as error:
        message = f"No record can have this id: {error}."
        raise SyncError(Kind.DATA, "record_id_malformed", message, "Send the id as Salesforce shows it.") from error


TheHouse = Annotated[House, Depends(_house)]
Here = Annotated[Context, Depends(_context)]
CorrelationId = Annotated[str, Depends(_correlation)]
ObjectName = Annotated[str, Depends(_object)]
RecordId = Annotated[str, Depends(_record)]
"""The 18-character form of the id in the path."""

Id = r"^[A-Za-z0-9-]{1,36}$"
"""What our own ids look like."""
