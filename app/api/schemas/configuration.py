"""The configuration as it is sent and changed. Its shape follows from the options the catalogue declares."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model
from pydantic.alias_generators import to_pascal

from app.api.schemas.model import In, Out, Truth, Version
from app.api.schemas.options import option_type
from app.domain.connection_options import CONNECTION_OPTIONS
from app.domain.options import Option, OptionKind, OptionValue
from app.objects import CATALOGUE
from app.services.configuration import Configuration


def _model(
    name: str, says: str, base: type[BaseModel], options: Iterable[Option], *, optional: bool
) -> type[BaseModel]:
    """A model with a property per option."""
    fields: dict[str, Any] = {
        option.name: (
            Annotated[option_type(option) | None if optional else option_type(option), Field(description=option.says)],
            None if optional else ...,
        )
        for option in options
    }
    made = create_model(name, __base__=base, **fields)
    made.__doc__ = says
    return made


def _options(end: str, base: type[BaseModel], *, optional: bool) -> type[BaseModel]:
    """One model per object, and one over them, in which each object bears its own name as everywhere else."""
    parts: dict[str, Any] = {}
    for name, declared in CATALOGUE.items():
        says = f"Options of {declared.label}."
        one = _model(f"{to_pascal(name)}{end}", says, base, declared.options, optional=optional)
        own = Field(alias=name)
        parts[name] = (Annotated[one | None, own], None) if optional else (Annotated[one, own], ...)
    whole = create_model(f"Object{end}", __base__=base, **parts)
    whole.__doc__ = "Options per object."
    return whole


WHOLE = "Options of the whole connection."

ConnectionOptions: Any = _model("ConnectionOptions", WHOLE, Out, CONNECTION_OPTIONS, optional=False)
ConnectionOptionsChange: Any = _model("ConnectionOptionsChange", WHOLE, In, CONNECTION_OPTIONS, optional=True)
ObjectOptions: Any = _options("Options", Out, optional=False)
ObjectOptionsChange: Any = _options("OptionsChange", In, optional=True)


def _every_option() -> list[Option]:
    """The options of all objects by name; the catalogue sees to it that one name takes one kind of value."""
    found = {option.name: option for declared in CATALOGUE.values() for option in declared.options}
    return [found[name] for name in sorted(found)]


AnyOptions: Any = _model("AnyOptions", "Options that some object has.", In, _every_option(), optional=True)


class OptionSetting(Out):
    """One option with what it takes, its default and its present value."""

    name: str
    description: str
    kind: Annotated[str, Field(description="switch, choice, number, text or list.")]
    choices: Annotated[list[str], Field(description="The words that are allowed; empty where none are named.")]
    least: Annotated[int | None, Field(description="Of a number.")]
    most: Annotated[int | None, Field(description="Of a number; of a list, how many texts.")]
    longest: Annotated[int | None, Field(description="Characters of a text.")]
    default_value: bool | int | str | list[str]
    present_value: bool | int | str | list[str]


class ObjectConfigurationView(Out):
    """The options of one object."""

    object_name: str
    label: str
    options: list[OptionSetting]
    version: Annotated[int, Field(description="Grows with every change of the connection.")]
    correlation_id: str


class ObjectConfigurationChange(In):
    """What is to change; what is absent or null stays."""

    options: AnyOptions
    version: Version | None = None

    def named(self) -> dict[str, object]:
        """The options that were named."""
        given: dict[str, object] = self.options.model_dump(exclude_none=True)
        return given


class ConfigurationView(Out):
    """The switches of the connection."""

    sync_enabled: Annotated[bool, Field(description="The master switch. Off: wishes are accepted and wait.")]
    environment: Annotated[str, Field(description="production, sandbox or offline.")]
    options: ConnectionOptions
    objects: ObjectOptions
    version: Annotated[int, Field(description="Grows with every change of the connection.")]
    correlation_id: str


class ConfigurationChange(In):
    """What is to change; what is absent or null stays."""

    sync_enabled: Truth | None = None
    options: ConnectionOptionsChange | None = None
    objects: ObjectOptionsChange | None = None
    version: Version | None = None

    def whole(self) -> dict[str, object]:
        """The options of the whole connection that were named."""
        given: dict[str, object] = self.options.model_dump(exclude_none=True) if self.options else {}
        return given

    def named(self) -> dict[str, dict[str, object]]:
        """The options of objects that were named, by object."""
        given: dict[str, dict[str, object]] = self.objects.model_dump(exclude_none=True) if self.objects else {}
        return given


def configuration_out(known: Configuration, correlation_id: str) -> ConfigurationView:
    """The configuration as it is sent."""
    return ConfigurationView(
        sync_enabled=known.sync_enabled,
        environment=known.environment,
        options=ConnectionOptions.model_validate(known.options),
        objects=ObjectOptions.model_validate(known.objects),
        version=known.version,
        correlation_id=correlation_id,
    )


def object_configuration_out(object_name: str, known: Configuration, correlation_id: str) -> ObjectConfigurationView:
    """The options of one object as they are sent."""
    declared, values = CATALOGUE[object_name], known.objects[object_name]
    return ObjectConfigurationView(
        object_name=object_name,
        label=declared.label,
        options=[_setting(option, values[option.name]) for option in declared.options],
        version=known.version,
        correlation_id=correlation_id,
    )


def _setting(option: Option, value: OptionValue) -> OptionSetting:
    number, texts = option.kind is OptionKind.NUMBER, option.kind in (OptionKind.TEXT, OptionKind.LIST)
    return OptionSetting(
        name=option.name,
        description=option.says,
        kind=option.kind,
        choices=list(option.choices),
        least=option.least if number else None,
        most=option.most if number or option.kind is OptionKind.LIST else None,
        longest=option.longest if texts and not option.choices else None,
        default_value=_json(option.default),
        present_value=_json(value),
    )


def _json(value: OptionValue) -> bool | int | str | list[str]:
    return list(value) if isinstance(value, tuple) else value
