"""The completeness equation as it is sent."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import Moment, Out
from app.domain.records import System
from app.services.completeness import Last
from app.store.feed_tables import Completeness


class SkippedView(Out):
    """Records that are left alone for one reason."""

    reason: Annotated[
        str,
        Field(
            description="The reason of the last decision, or: under_way (an operation is not over), too_new (changed "
            "so recently that nobody has looked), not_in_force, not_selected, unlinked, merged."
        ),
    ]
    records: int


class UnexplainedView(Out):
    """A record in scope of which we know nothing."""

    record_key: Annotated[str, Field(description="Its Salesforce id, or its record number in Intacct.")]
    intacct_id: Annotated[str | None, Field(description="The readable id of an Intacct record.")]


class EquationView(Out):
    """The last verification of one object: inScope = inStep + skipped + openErrors + notRead + drift."""

    object_name: str
    counted_in: Annotated[
        Literal["salesforce", "intacct"],
        Field(description="The side whose records were counted. Objects born on both sides have two results."),
    ]
    balanced: Annotated[bool, Field(description="Whether there is no drift among the records that were read.")]
    in_scope: Annotated[int, Field(description="As that side counts them.")]
    in_step: Annotated[int, Field(description="Linked, without an open error.")]
    skipped: Annotated[list[SkippedView], Field(description="Left alone for a reason, by reason.")]
    open_errors: int
    not_read: Annotated[int, Field(description="In scope, but beyond what one verification reads.")]
    drift: Annotated[int, Field(description="What nothing accounts for.")]
    unexplained: Annotated[list[UnexplainedView], Field(description="Up to 50 of the records in drift.")]
    transactions: Annotated[int, Field(description="What the verification cost at Intacct.")]
    salesforce_calls: int
    verified_at: Moment


class CompletenessView(Out):
    """The last results of a connection."""

    items: list[EquationView]
    unverified: Annotated[list[str], Field(description="Objects that are switched on and were never verified.")]
    correlation_id: str


class VerificationView(Out):
    """What a verification found, by side."""

    items: list[EquationView]
    correlation_id: str


def completeness_out(known: Last, correlation_id: str) -> CompletenessView:
    """The last results as they are sent."""
    items = [_equation(row) for row in known.results]
    return CompletenessView(items=items, unverified=list(known.unverified), correlation_id=correlation_id)


def verification_out(found: Sequence[Completeness], correlation_id: str) -> VerificationView:
    """What was just found as it is sent."""
    return VerificationView(items=[_equation(row) for row in found], correlation_id=correlation_id)


def _equation(row: Completeness) -> EquationView:
    return EquationView(
        object_name=row.object,
        counted_in="intacct" if row.system == System.INTACCT else "salesforce",
        balanced=row.drift == 0,
        in_scope=row.in_scope,
        in_step=row.in_step,
        skipped=[SkippedView(reason=reason, records=number) for reason, number in row.skipped.items()],
        open_errors=row.open_errors,
        not_read=row.unread,
        drift=row.drift,
        unexplained=[UnexplainedView(record_key=key, intacct_id=natural) for key, natural in row.unexplained],
        transactions=row.transactions,
        salesforce_calls=row.salesforce_calls,
        verified_at=row.verified_at,
    )
