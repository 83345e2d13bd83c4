"""An option as a schema: the type whose JSON Schema says exactly what the option accepts. No service is called here."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.api.schemas.model import Truth, Whole
from app.domain.options import Option, OptionKind


def _no_twice(values: list[str]) -> list[str]:
    if len({*values}) != len(values):
        raise ValueError("must not name anything twice")
    return values


def option_type(option: Option) -> Any:
    """The type of the option's value, without null."""
    match option.kind:
        case OptionKind.SWITCH:
            return Truth
        case OptionKind.NUMBER:
            return Annotated[int, Field(ge=option.least, le=option.most), Whole]
        case OptionKind.LIST:
            extra: dict[str, Any] = {"uniqueItems": True}
            limits = Field(max_length=option.most, json_schema_extra=extra)
            entry: Any = _text(option)
            return Annotated[list[entry], limits, AfterValidator(_no_twice)]
    return _text(option)


def _text(option: Option) -> Any:
    if option.choices:
        return Literal[option.choices]
    return Annotated[str, StringConstraints(max_length=option.longest, pattern=option.pattern)]
