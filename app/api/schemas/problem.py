"""The one shape of every error."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.model import Out


class FieldProblem(Out):
    """One field of the request and what is wrong with it."""

    field: Annotated[str, Field(description="Name of the field as it was sent, parts joined by dots.")]
    message: str


class Problem(Out):
    """What went wrong and whether to try again (RFC 9457; `type` is called `problemType`)."""

    problem_type: Annotated[str, Field(description="A name of the problem, urn:tandem:problem:<code>.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="The cause and what to do, in one or two sentences.")]
    instance: str
    code: Annotated[str, Field(description="A stable word in snake_case to branch on.")]
    retryable: Annotated[bool, Field(description="Whether the same request may succeed later, unchanged.")]
    retry_after_seconds: int | None
    correlation_id: str
    errors: list[FieldProblem]
