"""Every text Salesforce refuses with, in one table, and the exception that carries a refusal. No behaviour."""

from collections.abc import Iterable
from typing import Any

# key: error code, or code/variant. value: HTTP status of a plain call, message. Sources: REST guide and public reports.
TEXTS: dict[str, tuple[int, str]] = {
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (
        400,
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    ),
    "APEX_ERROR": (400, "{text}"),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (400, "{text}"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (400, "{text}"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY/lock": (
        400,
        "{object}Trigger: execution of AfterUpdate caused by: System.DmlException: Update failed. First exception on "
        "row 0; first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: []",
    ),
    "DELETE_FAILED": (400, "{text}"),
    "DUPLICATES_DETECTED": (400, "{text}"),
    "DUPLICATE_VALUE": (400, "duplicate value found: {field} duplicates value on record with id: {id}"),
    "DUPLICATE_VALUE/external": (400, "Duplicate external id specified: {value}"),
    "DUPLICATE_VALUE/price": (400, "This price definition already exists in this price book"),
    "ENTITY_IS_DELETED": (404, "entity is deleted"),
    "EXCEEDED_ID_LIMIT": (400, "Too many ids were changed in the given window, use a smaller one"),
    "FAILED_ACTIVATION": (400, "{text}"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (400, "{text}"),
    "FIELD_INTEGRITY_EXCEPTION": (400, "{text}"),
    "FIELD_INTEGRITY_EXCEPTION/place": (
        400,
        "There's a problem with this {word}, even though it may appear correct. Please select a {word} from the list "
        "of valid values.",
    ),
    "METHOD_NOT_ALLOWED": (405, "HTTP Method '{method}' not allowed."),
    "INSUFFICIENT_ACCESS_OR_READONLY": (400, "insufficient access rights on object id"),
    "INVALID_CROSS_REFERENCE_KEY": (400, "invalid cross reference id"),
    "INVALID_CROSS_REFERENCE_KEY/foreign": (
        400,
        "Foreign key external ID: {value} not found for field {field} in entity {object}",
    ),
    "INVALID_EMAIL_ADDRESS": (400, "{label}: invalid email address: {value}"),
    "INVALID_FIELD": (400, "No such column '{field}' on sobject of type {object}"),
    "INVALID_FIELD/body": (400, "The {field} field should not be specified in the sobject data."),
    "INVALID_FIELD/soql": (
        400,
        "\n{before}\n{caret}\nERROR at Row:1:Column:{column}\nNo such column '{field}' on entity '{object}'. If you "
        "are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please "
        "reference your WSDL or the describe call for the appropriate names.",
    ),
    "INVALID_FIELD/relation": (
        400,
        "Didn't understand relationship '{field}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name.",
    ),
    "INVALID_FIELD/type": (400, "value of filter criterion for field '{field}' must be of type {type} {hint}"),
    "INVALID_FIELD/filter": (400, "field '{field}' can not be filtered in a query call"),
    "INVALID_FIELD/sort": (400, "field '{field}' can not be sorted in a query call"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        400,
        "Unable to create/update fields: {field}. Please check the security settings of this field and verify that it "
        "is read/write for your profile or permission set.",
    ),
    "INVALID_HEADER": (400, "Invalid value for header {header}: {value}"),
    "INVALID_ID_FIELD": (400, "{text}"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (400, "{label}: bad value for restricted picklist field: {value}"),
    "INVALID_PARAMETER": (400, "{text}"),
    "INVALID_QUERY_FILTER_OPERATOR": (400, "invalid ID field: {value}"),
    "INVALID_QUERY_FILTER_OPERATOR/like": (400, "invalid operator on {type} field"),
    "INVALID_QUERY_LOCATOR": (400, "invalid query locator"),
    "INVALID_REPLICATION_DATE": (400, "{text}"),
    "INVALID_SESSION_ID": (401, "Session expired or invalid"),
    "INVALID_TYPE": (400, "sObject type '{object}' is not supported."),
    "INVALID_TYPE/soql": (
        400,
        "sObject type '{object}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
    ),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (400, "{label}: value not of required type: {value}"),
    "JSON_PARSER_ERROR": (400, "{text}"),
    "JSON_PARSER_ERROR/value": (400, "Cannot deserialize instance of {type} from VALUE_STRING value {value}"),
    "LIMIT_EXCEEDED": (400, "{text}"),
    "MALFORMED_ID": (400, "{label}: id value of incorrect type: {value}"),
    "MALFORMED_QUERY": (400, "unexpected token: {token}"),
    "MALFORMED_QUERY/at": (400, "\n{before}\n{caret}\nERROR at Row:1:Column:{column}\nunexpected token: '{token}'"),
    "MALFORMED_QUERY/text": (400, "{text}"),
    "MISSING_ARGUMENT": (400, "Required argument is missing: {text}"),
    "NOT_FOUND": (404, "The requested resource does not exist"),
    "NOT_FOUND/external": (404, "Provided external ID field does not exist or is not accessible: {field}"),
    "NUMBER_OUTSIDE_VALID_RANGE": (400, "{label}: value outside of valid range on numeric field: {value}"),
    "NUMBER_OUTSIDE_VALID_RANGE/offset": (400, "Maximum SOQL offset allowed is 2000"),
    "PRECONDITION_FAILED": (412, "Precondition failed"),
    "PROCESSING_HALTED": (
        400,
        "The transaction was rolled back since another operation in the same transaction failed.",
    ),
    "PROCESSING_HALTED/reference": (
        400,
        "Invalid reference specified. No value for {text} found in {reference}",
    ),
    "REQUEST_LIMIT_EXCEEDED": (403, "TotalRequests Limit exceeded."),
    "REQUEST_LIMIT_EXCEEDED/concurrency": (403, "ConcurrentPerOrgLongTxn Limit exceeded."),
    "REQUIRED_FIELD_MISSING": (400, "Required fields are missing: [{field}]"),
    "SERVER_UNAVAILABLE": (503, "Server temporarily unavailable. Please try again later."),
    "STANDARD_PRICE_NOT_DEFINED": (400, "Before creating a custom price, create a standard price."),
    "STRING_TOO_LONG": (400, "{label}: data value too large: {value} (max length={length})"),
    "TOO_MANY_REQUESTS": (429, "Too many requests"),
    "UNABLE_TO_LOCK_ROW": (400, "unable to obtain exclusive access to this record"),
    "UNSUPPORTED_API_VERSION": (410, "The API version in the path is retired"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Content type '{type}' is not supported"),
    "URI_TOO_LONG": (414, "URI Too Long"),
    "REQUEST_HEADER_FIELDS_TOO_LARGE": (431, "Request Header Fields Too Large"),
}

# name of a token failure: error, error_description (section 2.3 of the interface reference)
TOKEN_ERRORS: dict[str, tuple[str, str]] = {
    "not_approved": ("invalid_grant", "user hasn't approved this consumer"),
    "no_run_as_user": ("invalid_grant", "no client credentials user enabled"),
    "no_scopes": ("invalid_scope", "no valid scopes defined"),
    "audience": ("invalid_grant", "audience is invalid"),
    "expired_assertion": ("invalid_grant", "expired authorization code"),
    "bad_assertion": ("invalid_grant", "invalid assertion"),
    "wrong_client": ("invalid_client_id", "client identifier invalid"),
    "wrong_secret": ("invalid_client", "invalid client credentials"),
    "inactive_user": ("inactive_user", "user is inactive"),
    "app_access": ("invalid_app_access", "user is not admin approved to access this app"),
    "wrong_host": ("invalid_grant", "request not supported on this domain"),
    "grant_type": ("unsupported_grant_type", "grant type not supported"),
}


class Refusal(Exception):
    """The org says no: HTTP `status`, `code`, `message`, the `fields` concerned and `extra` members of the error."""

    def __init__(
        self, code: str, message: str, status: int, fields: Iterable[str] = (), extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
        self.fields, self.extra = list(fields), extra or {}

    def as_rest(self) -> list[dict[str, Any]]:
        """Body of a plain failed call: an array of one error."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            error["fields"] = self.fields
        return [{**error, **self.extra}]

    def as_row(self) -> dict[str, Any]:
        """One entry of a row's `errors` in a collections or tree answer."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields, **self.extra}


def refuse(
    key: str,
    *,
    fields: Iterable[str] = (),
    status: int | None = None,
    extra: dict[str, Any] | None = None,
    **words: object,
) -> Refusal:
    """The refusal under `key` (a key of TEXTS), its message filled with `words`."""
    usual, template = TEXTS[key]
    return Refusal(key.partition("/")[0], template.format(**words), status or usual, fields, extra)
