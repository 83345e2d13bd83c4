"""sageintacctsdk 1.28.1 against the Intacct simulator: login, count, get_all, generator, post, and its fault table."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.apis.api_base import ApiBase
from sageintacctsdk.exceptions import InvalidTokenError, SageIntacctSDKError, WrongParamsError

from tests.peers.intacct_server import RunningIntacct, running_intacct

pytestmark = pytest.mark.peers


@pytest.fixture
def intacct() -> Iterator[RunningIntacct]:
    """A fresh company."""
    with running_intacct() as running:
        yield running


def sign_in(intacct: RunningIntacct, patch: pytest.MonkeyPatch, **changes: str) -> Any:
    """The SDK, pointed at the simulator: it has no setting for the address, so each of its objects is told."""
    plain = ApiBase.__init__

    def pointed(self: Any, *args: Any, **options: Any) -> None:
        plain(self, *args, **options)
        self._ApiBase__api_url = intacct.gateway

    patch.setattr(ApiBase, "__init__", pointed)
    credentials = {
        "sender_id": "sender",
        "sender_password": "secret",
        "user_id": "api",
        "company_id": "demo",
        "user_password": "secret",
    }
    return SageIntacctSDK(**{**credentials, **changes})


@pytest.fixture
def sdk(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Signed in."""
    return sign_in(intacct, monkeypatch)


def seed(intacct: RunningIntacct, count: int) -> None:
    intacct.control("seed", {"CUSTOMER": [{"NAME": f"Customer {n}"} for n in range(count)]})


def test_it_signs_in_into_an_entity(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = sign_in(intacct, monkeypatch, entity_id="E100")
    sdk.customers.post({"NAME": "Own", "DISPLAYCONTACT": {"PRINTAS": "Own"}})
    assert intacct.control("records/CUSTOMER")[0]["MEGAENTITYID"] == "E100"


def test_wrong_user_passwords_are_told_apart(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidTokenError):
        sign_in(intacct, monkeypatch, user_password="wrong")


def test_wrong_sender_passwords_are_told_apart(intacct: RunningIntacct, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongParamsError):
        sign_in(intacct, monkeypatch, sender_password="wrong")


def test_it_counts_active_records_only(intacct: RunningIntacct, sdk: Any) -> None:
    seed(intacct, 3)
    intacct.control("seed", {"CUSTOMER": [{"NAME": "Gone", "STATUS": "inactive"}]})
    assert sdk.customers.count() == 3
    assert sdk.customers.count(field=None) == 4


@pytest.mark.parametrize("count", [1, 5])
def test_it_reads_all_records_one_or_many(intacct: RunningIntacct, sdk: Any, count: int) -> None:
    seed(intacct, count)
    found = sdk.customers.get_all()
    assert sorted(row["NAME"] for row in found) == [f"Customer {n}" for n in range(count)]


def test_it_generates_pages(intacct: RunningIntacct, sdk: Any) -> None:
    seed(intacct, 5)
    pages = list(
        sdk.customers.get_all_generator(
            fields=["NAME"], updated_at="01/01/2020 00:00:00", order_by_field="NAME", order="ascending"
        )
    )
    assert [row["NAME"] for page in pages for row in page] == [f"Customer {n}" for n in range(5)]


def test_it_filters_with_several_conditions(intacct: RunningIntacct, sdk: Any) -> None:
    seed(intacct, 5)
    found = sdk.customers.get_by_query(
        fields=["NAME"], and_filter=[("like", "NAME", "Customer%"), ("in", "CUSTOMERID", ["C-00002", "C-00004"])]
    )
    assert sorted(row["NAME"] for row in found) == ["Customer 1", "Customer 3"]


def test_it_reads_by_text_query(intacct: RunningIntacct, sdk: Any) -> None:
    seed(intacct, 2)
    found = sdk.customers.get("CUSTOMERID", "C-00002", ["NAME"])
    assert found["customer"]["NAME"] == "Customer 1"


def test_it_looks_up_fields(sdk: Any) -> None:
    fields = sdk.customers.get_lookup()["Type"]["Fields"]["Field"]
    assert "SFDC_ID" in [field["ID"] for field in fields if field["ISCUSTOM"] == "true"]


def test_it_posts_updates_and_deletes(intacct: RunningIntacct, sdk: Any) -> None:
    name = "Żółw & <Söhne> 😀"
    made = sdk.customers.post({"NAME": name, "DISPLAYCONTACT": {"PRINTAS": name, "EMAIL1": "a@b.test"}})
    key = made["data"]["customer"]["RECORDNO"]
    sdk.customers.update({"RECORDNO": key, "COMMENTS": "changed"})
    record = intacct.control("records/CUSTOMER")[0]
    assert (record["NAME"], record["COMMENTS"]) == (name, "changed")
    sdk.customers.delete(key)
    assert intacct.control("records/CUSTOMER") == []


@pytest.mark.parametrize("kind", ["CONTACT", "ITEM", "DEPARTMENT", "LOCATION", "LOCATIONENTITY", "CLASS", "EMPLOYEE"])
def test_every_field_it_asks_for_exists(sdk: Any, kind: str) -> None:
    names = {"CLASS": "classes", "LOCATIONENTITY": "location_entities"}
    getattr(sdk, names.get(kind, f"{kind.lower()}s")).get_all()


@pytest.mark.parametrize("kind", ["projects", "tasks", "contracts", "contract_lines"])
def test_every_field_of_contracts_and_projects_exists(intacct: RunningIntacct, sdk: Any, kind: str) -> None:
    intacct.control(
        "seed",
        {
            "CUSTOMER": [{"CUSTOMERID": "X", "NAME": "X"}],
            "ITEM": [{"ITEMID": "I", "NAME": "I", "ITEMTYPE": "Kit"}],
            "PROJECT": [{"PROJECTID": "P", "NAME": "P", "PROJECTCATEGORY": "Contract"}],
            "TASK": [{"TASKID": "T", "NAME": "T", "PROJECTID": "P", "TASKSTATUS": "Planned"}],
            "CONTRACT": [
                {
                    "CONTRACTID": "C",
                    "CUSTOMERID": "X",
                    "NAME": "C",
                    "BEGINDATE": "01/01/2026",
                    "TERMNAME": "Net 30",
                    "LOCATIONID": "E100",
                }
            ],
            "CONTRACTDETAIL": [
                {"CONTRACTID": "C", "ITEMID": "I", "BILLINGMETHOD": "Fixed price", "LOCATIONID": "E100"}
            ],
        },
    )
    assert len(getattr(sdk, kind).get_all()) == 1


def test_a_refused_record_shows_the_vendors_errors(sdk: Any) -> None:
    with pytest.raises(WrongParamsError) as refused:
        sdk.customers.post({"NAME": "Acme"})
    errors = refused.value.response["error"]
    assert errors[0]["errorno"] == "BL01001973"
    assert "DISPLAYCONTACT.PRINTAS" in errors[0]["description2"]


# -- its behaviour under faults, as measured ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "raised"),
    [
        ({"answers": {"match": "query:", "result": {"status": "failure"}}}, WrongParamsError),
        ({"answers": {"match": "query:", "result": {"status": "strange"}}}, SageIntacctSDKError),
        ({"faults": {"kind": "no_status", "match": "query:"}}, KeyError),
        ({"faults": {"kind": "rate_limit", "match": "query:"}}, SageIntacctSDKError),
        ({"faults": {"kind": "server_error", "match": "query:", "status": 502}}, SageIntacctSDKError),
        ({"faults": {"kind": "session_expired", "match": "query:"}}, InvalidTokenError),
        ({"faults": {"kind": "reset_after_commit", "match": "query:"}}, requests.exceptions.ConnectionError),
    ],
)
def test_faults_come_out_as_measured(
    intacct: RunningIntacct, sdk: Any, plan: dict[str, Any], raised: type[Exception]
) -> None:
    for path, body in plan.items():
        intacct.control(path, body)
    with pytest.raises(raised):
        sdk.customers.count()
