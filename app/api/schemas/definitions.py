"""Transaction definitions of Order Entry, as they are set and shown."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import In, Out, Truth
from app.services.definitions import Shown, Use

NAME = r"^[A-Za-z0-9][A-Za-z0-9 _.,&()-]{0,79}$"
"""What a definition may be called here: it stands in addresses."""

CategoryName = Literal["quote", "order", "invoice", "other"]
Standing = Literal["active", "inactive", "missing"]
Workflow = Literal["advanced", "classic"]


class DefinitionUse(In):
    """How a definition is to be used."""

    from_salesforce: Annotated[Truth, Field(description="Salesforce may create its documents.")] = False
    to_salesforce: Annotated[Truth, Field(description="Its documents are written back to Salesforce.")] = False
    include_details: Annotated[Truth, Field(description="With their lines.")] = True
    workflow: Annotated[Workflow, Field(description="Where documents made in Intacct appear.")] = "advanced"
    numbered_by_hand: Annotated[Truth, Field(description="The record's name is the document number.")] = False

    def whole(self) -> Use:
        """As the service takes it."""
        return Use(
            self.from_salesforce,
            self.to_salesforce,
            self.include_details,
            self.workflow == "advanced",
            self.numbered_by_hand,
        )


class DefinitionView(Out):
    """A definition, how it is used, and whether Intacct has it."""

    name: str
    category: CategoryName
    standing: Standing
    from_salesforce: bool
    to_salesforce: bool
    include_details: bool
    workflow: Workflow
    numbered_by_hand: bool


class DefinitionList(Out):
    """All definitions, by name."""

    items: list[DefinitionView]
    correlation_id: str


class DefinitionDetail(DefinitionView):
    """One definition."""

    correlation_id: str


class DefinitionGone(Out):
    """A definition is not used any more."""

    name: str
    correlation_id: str


def definition_out(shown: Shown) -> DefinitionView:
    """The view of a definition."""
    one = shown.definition
    standing: Standing = "missing" if shown.standing == "missing" else "inactive"
    if shown.standing == "active":
        standing = "active"
    return DefinitionView(
        name=one.name,
        category=one.category.value,
        standing=standing,
        from_salesforce=one.from_salesforce,
        to_salesforce=one.to_salesforce,
        include_details=one.details,
        workflow="advanced" if one.advanced else "classic",
        numbered_by_hand=one.by_hand,
    )
