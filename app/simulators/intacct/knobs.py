"""The simulator's settings: every unknown of the vendor is one, with its default and its alternatives.

A table, and the check of what is set. What a knob does is the business of the module that reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Knob:
    """Default value and, where there are only so many, the allowed ones."""

    default: Any
    choices: tuple[Any, ...] = ()


KNOBS: dict[str, Knob] = {
    # sign-in and sessions
    "session_duration_s": Knob(3600),
    "session_expired_shape": Knob("auth_failure", ("auth_failure", "http_401")),
    "control_echo_on_failure": Knob("full", ("full", "status_only")),
    "authentication_block": Knob("full", ("full", "minimal")),
    "sender_fault": Knob("xl03000006", ("xl03000006", "gw_0011_400")),
    "sender_authorised": Knob(True),
    "company_expired": Knob(False),
    "restricted_entity": Knob(""),
    "mixed_getapisession": Knob("refuse", ("refuse", "allow")),
    "login_and_session": Knob("refuse", ("refuse", "session_wins")),
    "policies": Knob({}),
    # repeat protection, transactions, several records
    "uniqueid_refusal_shape": Knob("no_status", ("no_status", "failure")),
    "uniqueid_refusal_errorno": Knob("XL03000013"),
    "uniqueid_refusal_text": Knob("A function with this controlid was already executed"),
    "uniqueid_retention_s": Knob(0),  # 0: for ever
    "uniqueid_scope": Knob("company", ("company", "sender", "user")),
    "uniqueid_failed_reuse": Knob("allowed", ("allowed", "refused")),
    "uniqueid_inflight": Knob("execute", ("execute", "refuse")),
    "abort_shape": Knob("failure_first", ("failure_first", "all_aborted")),
    "multi_record_failure": Knob("partial", ("partial", "all_or_nothing")),
    "max_functions": Knob(0),
    "legacy_order_fault": Knob("control", ("control", "result")),  # documents; masters are refused in the result
    # reads
    "row_tag_case_read": Knob("upper", ("upper", "lower")),
    "row_tag_case_readbyquery": Knob("lower", ("lower", "upper")),
    "unknown_field_error": Knob("xl03000010", ("xl03000010", "xl03000006_not_queryable")),
    "read_missing_key": Knob("leave out", ("leave out", "refuse")),
    "null_sort": Knob("last", ("last", "first")),
    "order_default": Knob("ascending", ("ascending", "descending")),
    "unordered_shuffle": Knob(True),
    "read_lag_ms": Knob(0),
    "audit_permission": Knob(True),
    "audit_objectkey_map": Knob({}),
    # company and user
    "sequences": Knob({}),  # {"CUSTOMER": false} switches one off
    "sequence_skips_taken": Knob(True),
    "custom_fields": Knob({kind: ["SFDC_ID"] for kind in ("CUSTOMER", "CONTACT", "PROJECT", "TASK", "GLBATCH")}),
    "user_zone": Knob("GMT"),
    "user_date_format": Knob("/mdY"),
    "user_clock": Knob(24, (12, 24)),
    "amount_rounding": Knob("half up", ("half up", "half even")),
    "gl_location_required": Knob(False),  # as in a company with several entities
    "oe_location_required": Knob(False),  # lines of sales documents, as in a company with several entities
    "oe_edit_when_paid": Knob("refuse", ("refuse", "allow")),
    "oe_edit_audit_rows": Knob(
        True
    ),  # an edited document's old AR invoice is deleted, the new one created, in the trail
    "docno_gap_on_rollback": Knob(True),
    "docno_duplicate": Knob("refuse", ("refuse", "allow")),
    "sales_tax_percent": Knob(0.0),  # of the taxable lines; a subtotal of its own
    # invoices and payments
    "books_open_from": Knob(""),  # ISO date; postings before it fall into a closed period
    "arinvoice_state_labels": Knob({}),  # {"Posted": "Open"}: the company's words, where they differ
    "arpymt_state_labels": Knob({}),
    "arpymt_record_type": Knob(""),  # RECORDTYPE of an ordinary payment
    "arpymt_base_amount_name": Knob("both", ("both", "AMOUNTOPAY", "AMOUNTTOPAY")),
    "arpymt_currency_required": Knob(True),
    "arpymt_cross_currency": Knob("refuse", ("refuse", "allow_with_base_amount")),
    "overpayment_scope": Knob("single_invoice_single_customer", ("single_invoice_single_customer", "any")),
    "customer_accounting": Knob("open item", ("open item", "balance forward")),
    "customer_due_moves_whenmodified": Knob(False),
    "record_lock_errorno": Knob("BL01001973"),
    "record_lock_text": Knob("This record is being edited by another user"),
    # REST v1
    "rest_token_s": Knob(21600),
    "rest_expired_shape": Knob("401_gw0034", ("401_gw0034", "400_invalid_token")),
    "rest_entity_header": Knob("hyphenated", ("hyphenated", "both")),
    "rest_gateway_error": Knob("bare", ("bare", "top_level")),
    # limits and time
    "concurrency": Knob(0),  # requests worked at the same time; 0: no cap
    "over_cap_reply": Knob("wait", ("wait", "429", "503", "queue_error")),
    "over_cap_after_s": Knob(2.0),
    "rate_limits": Knob({}),  # {"requests": 60, "window_s": 60}
    "rate_reply": Knob("xml_429", ("xml_429", "json_429", "in_200")),
    "latency_base_s": Knob(0.0),
    "latency_function_s": Knob(0.0),
    "latency_row_s": Knob(0.0),
    "latency_jitter": Knob(0.0),  # share of the latency, drawn from the seed
}


class Knobs:
    """Present settings, read by name."""

    def __init__(self) -> None:
        self._values = {name: knob.default for name, knob in KNOBS.items()}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change settings, all or none. ValueError names what is unknown or not allowed."""
        for name, value in changes.items():
            if name not in KNOBS:
                raise ValueError(f"unknown knob {name!r}; known are {sorted(KNOBS)}")
            knob = KNOBS[name]
            if knob.choices and value not in knob.choices:
                raise ValueError(f"knob {name!r} is one of {list(knob.choices)}")
            if not _same_kind(knob.default, value):
                raise ValueError(f"knob {name!r} wants {type(knob.default).__name__}")
        for name, value in changes.items():
            self._values[name] = {**self._values[name], **value} if name in _MERGED else value

    def describe(self) -> dict[str, Any]:
        """All settings."""
        return dict(self._values)


_MERGED = {
    "custom_fields",
    "sequences",
    "policies",
    "audit_objectkey_map",
    "arinvoice_state_labels",
    "arpymt_state_labels",
}


def _same_kind(default: Any, value: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and value >= 0
    return isinstance(value, type(default))
