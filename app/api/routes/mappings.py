"""The field mapping of an object: what is in force, the draft, and the way from one to the other."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.auth import Admin, Asker, Viewer
from app.api.deps import CorrelationId, Here, ObjectName
from app.api.errors import BAD_REQUEST, CONFLICT, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.mapping_wishes import (
    Activation,
    DraftChange,
    DraftWish,
    EffectWish,
    FileWish,
    Reversal,
    VersionQuery,
    content_in,
    file_in,
)
from app.api.schemas.mappings import (
    EffectView,
    MappingFile,
    MappingView,
    Validation,
    VersionDetail,
    VersionList,
    detail_out,
    effect_out,
    file_out,
    mapping_out,
    validation_out,
    version_out,
)
from app.api.schemas.model import QueryWhole
from app.objects import CATALOGUE
from app.services import mapping_effects, mapping_files, mappings
from app.services.preview import MOST

router = APIRouter(tags=["mappings"])

WRITES = (BAD_REQUEST, NOT_FOUND, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE)

VersionNumber = Annotated[
    int, Path(alias="versionNumber", ge=1, le=2147483647, description="Number of a version."), QueryWhole
]


@router.get(
    "/v1/mappings/{objectName}",
    operation_id="getMapping",
    summary="The mapping in force",
    description="All rows as they work now, standard and own, with the version in force and the draft.",
    response_description="The mapping.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def get_mapping(context: Here, who: Viewer, correlation_id: CorrelationId, name: ObjectName) -> MappingView:
    """See the description."""
    return mapping_out(CATALOGUE[name], await mappings.read(context, who.connection_id, name), correlation_id)


@router.post(
    "/v1/mappings/{objectName}",
    operation_id="putMappingDraft",
    summary="Make a draft",
    description="What is not named stays as declared. A draft there may be is replaced. What the rows may not say is "
    "refused with everything that is wrong; whether both sides have the fields is asked by validate and activate.",
    response_description="The draft.",
    responses=problems(*WRITES),
)
async def put_draft(
    context: Here, who: Admin, correlation_id: CorrelationId, name: ObjectName, wanted: DraftWish
) -> VersionDetail:
    """See the description."""
    done = await mappings.put_draft(
        context,
        who.connection_id,
        name,
        content_in(wanted.rows),
        by=who.key.id,
        note=wanted.note or "",
        revision=wanted.revision,
    )
    return detail_out(done, correlation_id)


@router.patch(
    "/v1/mappings/{objectName}",
    operation_id="changeMappingDraft",
    summary="Change rows of the draft",
    description="Each row given replaces what the draft says about it; the rest stays. Without a draft, one is begun "
    "from the version in force.",
    response_description="The draft.",
    responses=problems(*WRITES),
)
async def change_draft(
    context: Here, who: Admin, correlation_id: CorrelationId, name: ObjectName, wanted: DraftChange
) -> VersionDetail:
    """See the description."""
    done = await mappings.change_draft(
        context,
        who.connection_id,
        name,
        content_in(wanted.rows or ()).rows,
        wanted.removed or (),
        by=who.key.id,
        note=wanted.note,
        revision=wanted.revision,
    )
    return detail_out(done, correlation_id)


@router.delete(
    "/v1/mappings/{objectName}",
    operation_id="dropMappingDraft",
    summary="Throw the draft away",
    description="The version in force stays as it is.",
    response_description="The mapping in force.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def drop_draft(context: Here, who: Admin, correlation_id: CorrelationId, name: ObjectName) -> MappingView:
    """See the description."""
    await mappings.drop_draft(context, who.connection_id, name)
    return mapping_out(CATALOGUE[name], await mappings.read(context, who.connection_id, name), correlation_id)


@router.post(
    "/v1/mappings/{objectName}/validate",
    operation_id="validateMapping",
    summary="Hold the draft against both sides",
    description="Whether fields exist, types fit, words are known, we may write, and a create has what it needs. "
    "Without a draft, the version in force is held against them.",
    response_description="What was found.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def validate_mapping(context: Here, who: Viewer, correlation_id: CorrelationId, name: ObjectName) -> Validation:
    """See the description."""
    row, found = await mappings.validate(context, who.connection, name)
    return validation_out(name, row, found, correlation_id)


@router.post(
    "/v1/mappings/{objectName}/preview",
    operation_id="previewMapping",
    summary="What the draft would change",
    description="Dry runs of the engine by the mapping in force and by the draft, over chosen records or a sample of "
    "the linked ones. Nothing is written; the reads cost what reads cost.",
    response_description="The effect, counted.",
    responses=problems(*WRITES),
)
async def preview_mapping(
    context: Here, who: Asker, correlation_id: CorrelationId, name: ObjectName, wanted: EffectWish
) -> EffectView:
    """See the description."""
    found = await mapping_effects.effect(
        context,
        who.connection,
        name,
        record_ids=wanted.record_ids or (),
        sample=wanted.sample_size or MOST,
    )
    return effect_out(found, correlation_id)


@router.post(
    "/v1/mappings/{objectName}/activate",
    operation_id="activateMapping",
    summary="Put the draft in force",
    description="Refused while the draft has errors. Nothing has to be paused: each run keeps the version it began "
    "with, and every operation names the version it used. Nothing is written by this alone.",
    response_description="The version now in force, and what it says otherwise than the one before.",
    responses=problems(*WRITES),
)
async def activate_mapping(
    context: Here, who: Admin, correlation_id: CorrelationId, name: ObjectName, wanted: Activation
) -> VersionDetail:
    """See the description."""
    done = await mappings.activate(context, who.connection, name, by=who.key.id, revision=wanted.revision)
    return detail_out(done, correlation_id)


@router.post(
    "/v1/mappings/{objectName}/rollback",
    operation_id="rollBackMapping",
    summary="Put an earlier version in force again",
    description="As a new version with the same content; 0 is the declaration as it is. Neither side is asked.",
    response_description="The version now in force.",
    responses=problems(*WRITES),
)
async def roll_back_mapping(
    context: Here, who: Admin, correlation_id: CorrelationId, name: ObjectName, wanted: Reversal
) -> VersionDetail:
    """See the description."""
    done = await mappings.roll_back(context, who.connection, name, wanted.version_number, by=who.key.id)
    return detail_out(done, correlation_id)


@router.get(
    "/v1/mappings/{objectName}/versions",
    operation_id="listMappingVersions",
    summary="All versions, newest first",
    description="Versions are kept for good: operations and decisions name them.",
    response_description="One page.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def list_versions(
    context: Here,
    who: Viewer,
    correlation_id: CorrelationId,
    name: ObjectName,
    query: Annotated[VersionQuery, Query()],
) -> VersionList:
    """See the description."""
    rows, below = await mappings.versions(context, who.connection_id, name, query.below, query.page_size)
    return VersionList(items=[version_out(row) for row in rows], next_below=below, correlation_id=correlation_id)


@router.get(
    "/v1/mappings/{objectName}/versions/{versionNumber}",
    operation_id="getMappingVersion",
    summary="One version",
    description="What it says, and how that differs from the version in force.",
    response_description="The version.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def get_version(
    context: Here, who: Viewer, correlation_id: CorrelationId, name: ObjectName, number: VersionNumber
) -> VersionDetail:
    """See the description."""
    return detail_out(await mappings.version(context, who.connection_id, name, number), correlation_id)


@router.get(
    "/v1/mappings/{objectName}/export",
    operation_id="exportMapping",
    summary="The mapping as a file",
    description="The draft if there is one, else the version in force, as YAML in the member yaml.",
    response_description="The file.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def export_mapping(context: Here, who: Viewer, correlation_id: CorrelationId, name: ObjectName) -> MappingFile:
    """See the description."""
    return file_out(await mappings.read(context, who.connection_id, name), correlation_id)


@router.post(
    "/v1/mappings/{objectName}/import",
    operation_id="importMapping",
    summary="Take a file for the draft",
    description="A file as export gives it, of the same object. It replaces the draft and is not yet in force.",
    response_description="The draft.",
    responses=problems(*WRITES),
)
async def import_mapping(
    context: Here, who: Admin, correlation_id: CorrelationId, name: ObjectName, wanted: FileWish
) -> VersionDetail:
    """See the description."""
    content, note = file_in(mapping_files.read(wanted.yaml, name))
    done = await mappings.put_draft(
        context, who.connection_id, name, content, by=who.key.id, note=note, revision=wanted.revision
    )
    return detail_out(done, correlation_id)
