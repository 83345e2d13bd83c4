"""The official JavaScript SDK 2.2.1, run by node, against the Intacct simulator: the reference for faults."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.intacct_server import RunningIntacct, running_intacct

pytestmark = pytest.mark.peers

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / "@intacct" / "intacct-sdk" / "package.json"


@pytest.fixture(scope="module")
def node() -> str:
    """Path of node, with the SDK installed. In CI a missing SDK is installed or fails; elsewhere it skips."""
    found = shutil.which("node")
    if "CI" in os.environ:
        assert found, "node is needed in CI"
        if not INSTALLED.exists():
            subprocess.run([HERE / "install.sh"], check=True)
    if found is None:
        pytest.skip("node is not installed")
    if not INSTALLED.exists():
        pytest.skip("the SDK is not installed: run tests/peers/install.sh")
    assert json.loads(INSTALLED.read_text())["version"] == "2.2.1"
    return found


@pytest.fixture
def intacct() -> Iterator[RunningIntacct]:
    """A fresh company."""
    with running_intacct() as running:
        yield running


class Driver:
    """Runs scenarios of `intacct_driver.js`."""

    def __init__(self, node: str, intacct: RunningIntacct) -> None:
        self._node, self.intacct = node, intacct

    def run(self, scenario: str) -> dict[str, Any]:
        """What the scenario printed: `value`, or `error` (class name), `message` and `errors`."""
        done = subprocess.run(
            [self._node, HERE / "intacct_driver.js", self.intacct.gateway, scenario],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def value(self, scenario: str) -> Any:
        """The value of a scenario that must not fail."""
        found = self.run(scenario)
        assert "value" in found, found
        return found["value"]


@pytest.fixture
def sdk(node: str, intacct: RunningIntacct) -> Driver:
    """The SDK and a fresh company."""
    return Driver(node, intacct)


def test_it_signs_in_and_learns_the_endpoint(sdk: Driver) -> None:
    session = sdk.value("login")
    assert session["endpointUrl"] == sdk.intacct.gateway
    assert session["sessionId"].endswith("..")
    assert session["entityId"] == ""


def test_it_signs_in_into_an_entity(sdk: Driver) -> None:
    assert sdk.value("entity") == "E100"


@pytest.mark.parametrize("scenario", ["badUser", "badSender"])
def test_refused_credentials_are_a_response_exception(sdk: Driver, scenario: str) -> None:
    found = sdk.run(scenario)
    assert found["error"] == "ResponseException"
    assert "XL03000006" in found["errors"][0]


def test_it_queries_with_filter_order_and_page(sdk: Driver) -> None:
    customers = [{"NAME": f"Customer {n}", "DISPLAYCONTACT": {"EMAIL1": f"c{n}@x.test"}} for n in range(4)]
    sdk.intacct.control("seed", {"CUSTOMER": customers})
    result = sdk.value("query")[0]
    assert (result["count"], result["totalCount"], result["numRemaining"]) == (2, 3, 1)
    assert [(row["CUSTOMERID"], row["DISPLAYCONTACT.EMAIL1"]) for row in result["data"]] == [
        ("C-00001", "c0@x.test"),
        ("C-00002", "c1@x.test"),
    ]


def test_it_reads_more_of_a_text_query(sdk: Driver) -> None:
    sdk.intacct.control("seed", {"CUSTOMER": [{"NAME": f"N{n}"} for n in range(3)]})
    assert sdk.value("readByQueryAndMore") == [["N0", "N1"], ["N2"]]


def test_it_looks_up_an_object(sdk: Driver) -> None:
    assert sdk.value("lookup") == "CUSTOMER"


def test_a_batch_reports_each_function(sdk: Driver) -> None:
    results = sdk.value("batch")
    assert [(r["status"], r["controlId"]) for r in results] == [
        ("success", "create-C1"),
        ("success", "contact-Ann"),
        ("failure", "create-C2"),
    ]
    assert results[0]["data"][0]["CUSTOMERID"] == "C1"
    assert "BL01001973" in results[2]["errors"][0]
    record = sdk.intacct.control("records/CUSTOMER")[0]
    assert record["NAME"] == "A & B \U0001f600"
    assert record["DISPLAYCONTACT"]["MAILADDRESS"]["CITY"] == "Reno"


def test_a_failing_transaction_throws_and_leaves_nothing(sdk: Driver) -> None:
    assert sdk.run("transaction")["error"] == "ResultException"
    assert sdk.intacct.control("records/CONTACT") == []


def test_an_all_aborted_transaction_returns_normally(sdk: Driver) -> None:
    sdk.intacct.control("faults", {"kind": "aborted", "match": "create:CONTACT"})
    assert [r["status"] for r in sdk.value("aborted")] == ["aborted", "aborted"]
    assert sdk.intacct.control("records/CONTACT") == []


def test_a_repeated_control_id_is_a_missing_status(sdk: Driver) -> None:
    assert sdk.value("uniqueOne")[0]["status"] == "success"
    found = sdk.run("uniqueOne")
    assert found["error"] == "IntacctException"
    assert "status" in found["message"]
    assert len(sdk.intacct.control("ledger")) == 1


def test_its_default_repeats_without_protection(sdk: Driver) -> None:
    assert sdk.value("one")[0]["status"] == "success"
    assert "BL34000061" in sdk.run("one")["errors"][0]


def test_an_offline_request_is_acknowledged(sdk: Driver) -> None:
    sdk.intacct.control("knobs", {"policies": {"POLICY": "https://client.test/"}})
    assert sdk.value("offline") == {"status": "success", "control": "success"}


# -- faults, as measured ----------------------------------------------------------------------------------------------


def forced(**reply: Any) -> dict[str, Any]:
    return {"answers": {"match": "create:", "reply": reply}}


def fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"faults": {"kind": kind, "match": "create:", **more}}


@pytest.mark.parametrize(
    ("plan", "error", "message"),
    [
        (fault("aborted"), "ResultException", "status: aborted"),
        (fault("no_status"), "IntacctException", "status"),
        (fault("lock_error"), "ResultException", "status: failure"),
        (fault("session_expired"), "ResponseException", "authentication status failure"),
        (fault("rate_limit"), "ResponseException", "control status failure"),
        (fault("rate_limit") | {"knobs": {"rate_reply": "json_429"}}, "FetchError", ""),
        (fault("rate_limit") | {"knobs": {"rate_reply": "in_200"}}, "Error", ""),
        (fault("server_error", status=502), "Error", "retry count"),
        (fault("server_error", status=524), "FetchError", ""),
        (fault("truncated"), "Error", ""),
        (fault("reset_after_commit"), "Error", "socket hang up"),
        (fault("reset_before_commit"), "Error", "socket hang up"),
        ({"answers": {"match": "create:", "result": {"status": "strange"}}}, "ResultException", "strange"),
        ({"answers": {"match": "create:", "result": {"status": "failure"}}}, "ResultException", "failure"),
        (forced(status=401, content_type="application/json", body="{}"), "FetchError", ""),
        (forced(status=200, content_type="text/html", body="<html><body>x</body></html>"), "IntacctException", "root"),
        (forced(status=200, body=""), "TypeError", ""),
    ],
)
def test_faults_come_out_as_measured(sdk: Driver, plan: dict[str, Any], error: str, message: str) -> None:
    for path, body in plan.items():
        sdk.intacct.control(path, body)
    found = sdk.run("one")
    assert (found.get("error"), message in found.get("message", "")) == (error, True), found


def test_its_order_of_elements_makes_and_edits_a_sales_order(sdk: Driver) -> None:
    item = {"ITEMID": "I1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory"}
    sdk.intacct.control("seed", {"CUSTOMER": [{"CUSTOMERID": "C1", "NAME": "Acme"}], "ITEM": [item]})
    made, edited = sdk.value("order")
    assert (made["status"], edited["status"]) == ("success", "success"), edited["errors"]
    (order,) = sdk.intacct.control("records/SODOCUMENT")
    assert (order["DOCID"], order["EXTERNALID"], order["PONUMBER"]) == ("Sales Order-SO0001", "EXT-1", "R2")
    lines = sdk.intacct.control("records/SODOCUMENTENTRY")
    assert [(line["LINE_NO"], line["QUANTITY"], line["TOTAL"]) for line in lines] == [
        ("0", "5", "45.00"),
        ("1", "2", "18.00"),
    ]
