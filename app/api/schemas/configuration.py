"""The configuration as it is sent and changed. Its shape follows from the options the catalogue declares."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from app.api.schemas.model import In, Out, Truth, Version
from app.api.schemas.operations import KnownObject
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


WHOLE = "Options of the whole connection."

ConnectionOptions: Any = _model("ConnectionOptions", WHOLE, Out, CONNECTION_OPTIONS, optional=False)
ConnectionOptionsChange: Any = _model("ConnectionOptionsChange", WHOLE, In, CONNECTION_OPTIONS, optional=True)


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


class ObjectOptions(Out):
    """An object by its own name, with its options."""

    object_name: str
    label: str
    options: list[OptionSetting]


class ObjectConfigurationView(ObjectOptions):
    """The options of one object."""

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


class ObjectOptionsChange(In):
    """What is to change of one object."""

    object_name: KnownObject
    options: AnyOptions


class ConfigurationView(Out):
    """The switches of the connection."""

    sync_enabled: Annotated[bool, Field(description="The master switch. Off: wishes are accepted and wait.")]
    environment: Annotated[str, Field(description="production, sandbox or offline.")]
    options: ConnectionOptions
    objects: list[ObjectOptions]
    version: Annotated[int, Field(description="Grows with every change of the connection.")]
    correlation_id: str


class ConfigurationChange(In):
    """What is to change; what is absent or null stays."""

    sync_enabled: Truth | None = None
    options: ConnectionOptionsChange | None = None
    objects: Annotated[list[ObjectOptionsChange], Field(max_length=200)] | None = None
    version: Version | None = None

    def whole(self) -> dict[str, object]:
        """The options of the whole connection that were named."""
        given: dict[str, object] = self.options.model_dump(exclude_none=True) if self.options else {}
        return given

    def named(self) -> dict[str, dict[str, object]]:
        """The options of objects that were named, by object."""
        given: dict[str, dict[str, object]] = {}
        for one in self.objects or ():
            given.setdefault(one.object_name, {}).update(one.options.model_dump(exclude_none=True))
        return given


def configuration_out(known: Configuration, correlation_id: str) -> ConfigurationView:
    """The configuration as it is sent."""
    return ConfigurationView(
        sync_enabled=known.sync_enabled,
        environment=known.environment,
        options=ConnectionOptions.model_validate(known.options),
        objects=[ObjectOptions.model_validate(_object(name, known)) for name in CATALOGUE],
        version=known.version,
        correlation_id=correlation_id,
    )


def object_configuration_out(object_name: str, known: Configuration, correlation_id: str) -> ObjectConfigurationView:
    """The options of one object as they are sent."""
    rest = {"version": known.version, "correlation_id": correlation_id}
    return ObjectConfigurationView.model_validate(_object(object_name, known) | rest)


def _object(name: str, known: Configuration) -> dict[str, Any]:
    declared, values = CATALOGUE[name], known.objects[name]
    options = [_setting(option, values[option.name]) for option in declared.options]
    return {"object_name": name, "label": declared.label, "options": options}


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
