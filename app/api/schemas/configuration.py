"""The configuration as it is sent and changed. Its shape follows from the options the catalogue declares."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from app.api.schemas.model import In, Out, Truth, Version
from app.domain.declaration import Option
from app.objects import CATALOGUE
from app.services.configuration import Configuration


def _type(option: Option) -> Any:
    return Truth if isinstance(option.default, bool) else Literal[option.choices]


def _options(end: str, base: type[BaseModel], *, optional: bool) -> type[BaseModel]:
    """One model per object, and one over them, with a property per option."""
    parts: dict[str, Any] = {}
    for name, declared in CATALOGUE.items():
        fields: dict[str, Any] = {
            option.name: (
                Annotated[_type(option) | None if optional else _type(option), Field(description=option.says)],
                None if optional else ...,
            )
            for option in declared.options
        }
        one = create_model(f"{name[0].upper()}{name[1:]}{end}", __base__=base, **fields)
        one.__doc__ = f"Options of {declared.label}."
        parts[name] = (one | None, None) if optional else (one, ...)
    whole = create_model(f"Object{end}", __base__=base, **parts)
    whole.__doc__ = "Options per object."
    return whole


ObjectOptions: Any = _options("Options", Out, optional=False)
ObjectOptionsChange: Any = _options("OptionsChange", In, optional=True)


class ConfigurationView(Out):
    """The switches of the connection."""

    sync_enabled: Annotated[bool, Field(description="The master switch. Off: wishes are accepted and wait.")]
    environment: Annotated[str, Field(description="production, sandbox or offline.")]
    objects: ObjectOptions
    version: Annotated[int, Field(description="Grows with every change of the connection.")]
    correlation_id: str


class ConfigurationChange(In):
    """What is to change; what is absent or null stays."""

    sync_enabled: Truth | None = None
    objects: ObjectOptionsChange | None = None
    version: Version | None = None

    def named(self) -> dict[str, dict[str, object]]:
        """The options that were named, by object."""
        given: dict[str, dict[str, object]] = self.objects.model_dump(exclude_none=True) if self.objects else {}
        return given


def configuration_out(known: Configuration, correlation_id: str) -> ConfigurationView:
    """The configuration as it is sent."""
    return ConfigurationView(
        sync_enabled=known.sync_enabled,
        environment=known.environment,
        objects=ObjectOptions.model_validate(known.objects),
        version=known.version,
        correlation_id=correlation_id,
    )
