"""sageintacctrestsdk 1.9.0 against REST v1 of the Intacct simulator: its own login, query, create and update flow."""

from collections.abc import Iterator
from typing import Any

import pytest
from intacctsdk import IntacctRESTSDK
from intacctsdk.apis import api_base
from intacctsdk.apis.api_base import ApiBase
from intacctsdk.exceptions import BadRequestError, InternalServerError, InvalidTokenError

from tests.peers.intacct_server import RunningIntacct, running_intacct

pytestmark = pytest.mark.peers

ITEM = {"id": "I-1", "name": "Żółw & 😀", "itemType": "nonInventorySalesOnly"}
PRICES = {
    "priceList": {"id": "Base"},
    "item": {"id": "I-1"},
    "startDate": "2026-01-01",
    "endDate": "2026-12-31",
    "value": "12.50",
    "currency": "USD",
}


@pytest.fixture
def intacct() -> Iterator[RunningIntacct]:
    """A fresh company."""
    with running_intacct() as running:
        yield running


def sign_in(intacct: RunningIntacct, patch: pytest.MonkeyPatch, **changes: Any) -> Any:
    """The SDK, pointed at the simulator: its address is a constant of two of its modules."""
    for module in (api_base, __import__("intacctsdk.intacctsdk", fromlist=["BASE_URL"])):
        patch.setattr(module, "BASE_URL", f"{intacct.base}/ia/api/v1")
    given = {"username": "api@demo", "client_id": "client", "client_secret": "secret", **changes}
    return IntacctRESTSDK(**given)


@pytest.fixture
def sdk(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Signed in."""
    return sign_in(intacct, monkeypatch)


def resource(sdk: Any, name: str) -> Any:
    """A resource the SDK has no class for, made as its own classes are."""
    made = ApiBase(sdk, object_path=f"/objects/{name}")
    made.update_access_token(sdk.access_token)
    return made


def test_it_signs_in_and_renews(intacct: RunningIntacct, sdk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sdk.access_token_expires_in == 21600
    again = sign_in(intacct, monkeypatch, refresh_token=sdk.refresh_token, use_client_credentials_auth=False)
    assert again.access_token != sdk.access_token


def test_wrong_secrets_are_refused(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequestError):
        sign_in(intacct, monkeypatch, client_secret="wrong")


def test_it_works_inside_an_entity(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = sign_in(intacct, monkeypatch, entity_id="E100")
    sdk.departments.post({"id": "D-9", "name": "Own"})
    made = [row for row in intacct.control("records/DEPARTMENT") if row["DEPARTMENTID"] == "D-9"]
    assert made[0]["MEGAENTITYID"] == "E100"


def test_it_posts_reads_updates_and_deletes(intacct: RunningIntacct, sdk: Any) -> None:
    key = sdk.items.post(ITEM)["ia::result"]["key"]
    sdk.items.update(key, {"extendedDescription": "changed"})
    read = sdk.items.get_by_key(key)["ia::result"]
    assert (read["name"], read["extendedDescription"], read["itemType"]) == (ITEM["name"], "changed", ITEM["itemType"])
    assert intacct.control("records/ITEM")[0]["ITEMTYPE"] == "Non-Inventory (Sales only)"
    assert sdk.items.delete(key) is None
    assert intacct.control("records/ITEM") == []


def test_it_counts_and_generates_pages(sdk: Any) -> None:
    for number in range(5):
        sdk.items.post({**ITEM, "id": f"I-{number}"})
    small = ApiBase(sdk, "/objects/inventory-control/item", 2)
    small.update_access_token(sdk.access_token)
    pages = list(small.get_all_generator(fields=["id"], order_by=[{"id": "asc"}]))
    assert [[row["id"] for row in page] for page in pages] == [["I-0", "I-1"], ["I-2", "I-3"], ["I-4"]]
    assert sdk.items.count(filters=[{"$gte": {"id": "I-3"}}]) == 2


def test_a_repeat_with_its_key_is_replayed(intacct: RunningIntacct, sdk: Any) -> None:
    first, second = (sdk.items.post(ITEM, idempotent_key="k-1") for _ in range(2))
    assert first == second
    assert (len(intacct.control("records/ITEM")), intacct.control("meters")["replays"]) == (1, 1)


def test_it_writes_prices_and_templates(intacct: RunningIntacct, sdk: Any) -> None:
    sdk.items.post(ITEM)
    resource(sdk, "order-entry/price-list").post({"id": "Base", "startDate": "2026-01-01", "endDate": "2026-12-31"})
    key = resource(sdk, "order-entry/price-list-entry").post(PRICES)["ia::result"]["key"]
    resource(sdk, "order-entry/price-list-entry").update(key, {"value": "13.00"})
    resource(sdk, "accounts-receivable/revenue-recognition-template").post({"id": "T", "description": "Straight"})
    assert intacct.control("records/SOPRICELISTENTRY")[0]["VALUE"] == "13.00"
    assert intacct.control("records/REVRECTEMPLATE")[0]["TEMPLATEID"] == "T"


def test_it_reads_the_model_and_opens_an_xml_session(sdk: Any) -> None:
    assert sdk.items.get_model()["ia::result"]["fields"]["id"]["type"] == "string"
    assert sdk.sessions.get_session_id()["sessionId"]


def test_a_refused_record_shows_the_vendors_error(sdk: Any) -> None:
    with pytest.raises(BadRequestError) as refused:
        sdk.items.post({"id": "I-1", "colour": "red"})
    assert "REST-1043" in refused.value.response


@pytest.mark.parametrize(
    ("plan", "raised"),
    [
        ({"kind": "rate_limit"}, BadRequestError),
        ({"kind": "server_error", "status": 502}, InternalServerError),
        ({"kind": "session_expired"}, BadRequestError),
    ],
)
def test_faults_come_out_as_its_own_errors(
    intacct: RunningIntacct, sdk: Any, plan: dict[str, Any], raised: type[Exception]
) -> None:
    intacct.control("faults", {**plan, "match": "query:"})
    with pytest.raises(raised):
        sdk.items.count()


def test_an_expired_token_in_the_other_shape_is_recognised(intacct: RunningIntacct, sdk: Any) -> None:
    intacct.control("knobs", {"rest_expired_shape": "400_invalid_token"})
    intacct.control("clock", {"advance": 30000})
    with pytest.raises(InvalidTokenError):
        sdk.items.count()
