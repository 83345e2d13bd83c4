"""Journal entries from any records: the mappings, what suits an org, previews and runs."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath

from app.api.auth import Admin, Asker, Viewer
from app.api.deps import CorrelationId, Here
from app.api.errors import BAD_REQUEST, CONFLICT, CREATED, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.journal_mappings import (
    NAME,
    JournalMappingChange,
    JournalMappingDetail,
    JournalMappingGone,
    JournalMappingList,
    JournalMappingWish,
    JournalSuggestions,
    detail_out,
    mapping_out,
    members_of,
    suggestions_out,
)
from app.api.schemas.journal_runs import JournalPreview, JournalRun, JournalRunAnswer, preview_out, run_out
from app.domain.building import JournalMapping
from app.services import building, journal_mappings, orgs
from app.services.building import Asked

router = APIRouter(tags=["journals"])

Name = Annotated[str, InPath(alias="mappingName", pattern=NAME, description="Name of the mapping.")]
SENT = (BAD_REQUEST, UNSUPPORTED_MEDIA, UNPROCESSABLE)


@router.get(
    "/v1/journal-mappings",
    operation_id="listJournalMappings",
    summary="The journal mappings",
    description="How journal entries are made from records of the org.",
    response_description="All mappings, by name.",
    responses=problems(),
)
async def list_mappings(context: Here, who: Viewer, correlation_id: CorrelationId) -> JournalMappingList:
    """See the description."""
    rows = await journal_mappings.listed(context, who.connection_id)
    items = [mapping_out(journal_mappings.read(row)) for row in rows]
    return JournalMappingList(items=items, correlation_id=correlation_id)


@router.post(
    "/v1/journal-mappings",
    operation_id="createJournalMapping",
    summary="Make a journal mapping",
    description="Checked in itself; whether the org has the fields is seen by the preview.",
    status_code=CREATED,
    response_description="The new mapping.",
    responses=problems(CONFLICT, *SENT),
)
async def create_mapping(
    context: Here, who: Admin, correlation_id: CorrelationId, wanted: JournalMappingWish
) -> JournalMappingDetail:
    """See the description."""
    mapping = JournalMapping(name=wanted.name, **members_of(wanted))
    return detail_out(await journal_mappings.create(context, who.connection_id, mapping), correlation_id)


@router.get(
    "/v1/journal-mappings/{mappingName}",
    operation_id="getJournalMapping",
    summary="One journal mapping",
    description="As it is kept.",
    response_description="The mapping.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_mapping(context: Here, who: Viewer, correlation_id: CorrelationId, name: Name) -> JournalMappingDetail:
    """See the description."""
    return detail_out(await journal_mappings.get(context, who.connection_id, name), correlation_id)


@router.patch(
    "/v1/journal-mappings/{mappingName}",
    operation_id="changeJournalMapping",
    summary="Change a journal mapping",
    description="What was built before stays as it is; entries under way are finished as they were decided.",
    response_description="The mapping as it is now.",
    responses=problems(NOT_FOUND, CONFLICT, *SENT),
)
async def change_mapping(
    context: Here, who: Admin, correlation_id: CorrelationId, name: Name, change: JournalMappingChange
) -> JournalMappingDetail:
    """See the description."""
    members = members_of(change)
    row = await journal_mappings.change(context, who.connection_id, name, members, change.version)
    return detail_out(row, correlation_id)


@router.delete(
    "/v1/journal-mappings/{mappingName}",
    operation_id="deleteJournalMapping",
    summary="Forget a journal mapping",
    description="The entries it made stay, and their source lines stay used.",
    response_description="It is forgotten.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def delete_mapping(context: Here, who: Admin, correlation_id: CorrelationId, name: Name) -> JournalMappingGone:
    """See the description."""
    await journal_mappings.delete(context, who.connection_id, name)
    return JournalMappingGone(name=name, correlation_id=correlation_id)


@router.get(
    "/v1/journal-suggestions",
    operation_id="suggestJournalMappings",
    summary="Mappings that suit the org",
    description="The kind of org is found by describe: Nonprofit Cloud, NPSP or plain. Nothing is stored.",
    response_description="The kind of org and its suggestions.",
    responses=problems(CONFLICT),
)
async def suggest_mappings(context: Here, who: Viewer, correlation_id: CorrelationId) -> JournalSuggestions:
    """See the description."""
    return suggestions_out(await orgs.look(context, who.connection), correlation_id)


@router.post(
    "/v1/journal-mappings/{mappingName}/preview",
    operation_id="previewJournalEntries",
    summary="What a run would make",
    description="Reads the source records and shows entries and lines, and why a record has none. Writes nothing.",
    response_description="Entries as they would be.",
    responses=problems(NOT_FOUND, CONFLICT, *SENT),
)
async def preview_entries(
    context: Here, who: Asker, correlation_id: CorrelationId, name: Name, wanted: JournalRun
) -> JournalPreview:
    """See the description."""
    return preview_out(await building.preview(context, who.connection, name, wanted.record_ids), correlation_id)


@router.post(
    "/v1/journal-mappings/{mappingName}/run",
    operation_id="runJournalMapping",
    summary="Make journal entries from records",
    description="Builds the entries in Salesforce and has them synced. A source line is never used twice, however "
    "often and by however many callers a run is repeated; what could not be written yet is finished by itself.",
    response_description="What became of each record.",
    responses=problems(NOT_FOUND, CONFLICT, *SENT),
)
async def run_mapping(
    context: Here, who: Asker, correlation_id: CorrelationId, name: Name, wanted: JournalRun
) -> JournalRunAnswer:
    """See the description."""
    asked = Asked(correlation_id, wanted.requested_by)
    return run_out(await building.run(context, who.connection, name, wanted.record_ids, asked), correlation_id)
