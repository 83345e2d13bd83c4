"""The connection as it is sent and changed. Secrets come in and are never sent; only whether they are set."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from app.api.schemas.model import In, Line, Out, Version, Whole
from app.services.connections import SECRETS, Described

Text = Annotated[Line, Field(max_length=255)]
Address = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^(https://[A-Za-z0-9][A-Za-z0-9.-]*|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
    ),
]
Secret = Annotated[str, Field(min_length=1, max_length=8000, pattern=r"^[\t\n\r -~]+$")]
Places = Annotated[int, Field(ge=1, le=20, description="Requests at once, over all workers."), Whole]


class SalesforceView(Out):
    """How the Salesforce org is reached."""

    login_url: str | None
    client_id: str | None
    username: str | None
    audience: str | None
    api_version: str | None
    auth: Annotated[str | None, Field(description="client_credentials or jwt.")]


class IntacctView(Out):
    """How the Intacct company is reached."""

    url: str | None
    sender_id: str | None
    company_id: str | None
    user_id: str | None
    entity_id: str | None
    rest_url: str | None
    rest_client_id: Annotated[str | None, Field(description="App registration for REST v1; null: XML objects only.")]


class ConcurrencyView(Out):
    """Requests at once, over all workers; null for the standard."""

    salesforce: int | None
    intacct: int | None


class SecretsView(Out):
    """Which secrets are set."""

    salesforce_client_secret: bool
    salesforce_private_key: bool
    intacct_sender_password: bool
    intacct_user_password: bool
    intacct_rest_client_secret: bool


class ConnectionView(Out):
    """The connection of the key, without its secrets."""

    connection_id: str
    name: str
    environment: str
    salesforce: SalesforceView
    intacct: IntacctView
    concurrency: ConcurrencyView
    namespace: Annotated[str | None, Field(description="Of the package fields in Salesforce; null for the standard.")]
    link_field: Annotated[str | None, Field(description="Intacct custom field with the Salesforce id; null: standard.")]
    secrets_set: SecretsView
    version: int
    correlation_id: str


class SalesforceChange(In):
    """What is to change about the way to Salesforce; null clears."""

    login_url: Address | None = None
    client_id: Text | None = None
    username: Text | None = None
    audience: Text | None = None
    api_version: Annotated[str, Field(pattern=r"^[0-9]{2,3}\.0$")] | None = None
    auth: Literal["client_credentials", "jwt"] | None = None


class IntacctChange(In):
    """What is to change about the way to Intacct; null clears."""

    url: Address | None = None
    sender_id: Text | None = None
    company_id: Text | None = None
    user_id: Text | None = None
    entity_id: Text | None = None
    rest_url: Address | None = None
    rest_client_id: Text | None = None


class ConcurrencyChange(In):
    """Other numbers of requests at once; null for the standard."""

    salesforce: Places | None = None
    intacct: Places | None = None


class SecretsChange(In):
    """Secrets to be stored, encrypted; null removes. They cannot be read again."""

    model_config = ConfigDict(hide_input_in_errors=True)

    salesforce_client_secret: Secret | None = None
    salesforce_private_key: Secret | None = None
    intacct_sender_password: Secret | None = None
    intacct_user_password: Secret | None = None
    intacct_rest_client_secret: Secret | None = None


class ConnectionChange(In):
    """What is to change; what is absent stays."""

    environment: Literal["production", "sandbox", "offline"] | None = None
    salesforce: SalesforceChange | None = None
    intacct: IntacctChange | None = None
    concurrency: ConcurrencyChange | None = None
    namespace: Annotated[str, Field(max_length=15, pattern=r"^([A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*)?$")] | None = None
    link_field: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")] | None = None
    secrets: SecretsChange | None = None
    version: Version | None = None

    def settings(self) -> dict[str, Any]:
        """The settings that were named, as the service lays them out."""
        named = self.model_dump(exclude_unset=True, exclude={"environment", "secrets", "version"})
        return {
            name: value for name, value in named.items() if value is not None or name in ("namespace", "link_field")
        }

    def sealed(self) -> dict[str, str | None]:
        """The secrets that were named."""
        given: dict[str, str | None] = self.secrets.model_dump(exclude_unset=True) if self.secrets else {}
        return given


class Disconnect(In):
    """The confirmation of a disconnect."""

    confirm: Annotated[Literal["disconnect"], Field(description="The word disconnect, so that none happens by chance.")]


def connection_out(known: Described, correlation_id: str) -> ConnectionView:
    """The connection as it is sent."""
    row, settings = known.row, known.row.settings

    def part(name: str, names: Any) -> dict[str, Any]:
        given = settings.get(name) or {}
        return {key: given.get(key) for key in names}

    return ConnectionView(
        connection_id=row.id,
        name=row.name,
        environment=row.environment,
        salesforce=SalesforceView(**part("salesforce", SalesforceView.model_fields)),
        intacct=IntacctView(**part("intacct", IntacctView.model_fields)),
        concurrency=ConcurrencyView(**part("concurrency", ConcurrencyView.model_fields)),
        namespace=settings.get("namespace"),
        link_field=settings.get("link_field"),
        secrets_set=SecretsView(**{name: name in known.secrets_set for name in SECRETS}),
        version=row.version,
        correlation_id=correlation_id,
    )
