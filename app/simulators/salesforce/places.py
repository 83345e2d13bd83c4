"""State and country picklists: codes and names that go together. Only in orgs with the feature on."""

import json
from functools import cache
from typing import Any

from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.saving import Change
from app.simulators.salesforce.schema import FOLDER


@cache
def places() -> dict[str, dict[str, Any]]:
    """Countries by ISO code: `name`, and `states` (name by code) where the picklist has them."""
    loaded: dict[str, dict[str, Any]] = json.loads((FOLDER / "_places.json").read_text("utf-8"))
    return loaded


def _wrong(word: str, name: str) -> Refusal:
    return refuse("FIELD_INTEGRITY_EXCEPTION/place", word=word, fields=[name])


def _agree(change: Change, prefix: str, kind: str, valid: dict[str, str], word: str) -> None:
    """Bring `<prefix><kind>` and its code together; what was given leads, the code before the name."""
    name, code = prefix + kind, f"{prefix}{kind}Code"
    by_name = {v.casefold(): k for k, v in valid.items()}
    if code in change.given or (name not in change.given and change.new.get(code)):
        chosen = change.new.get(code)
        if chosen is not None and chosen not in valid:
            raise _wrong(word, code)
    else:
        text = change.new.get(name)
        chosen = by_name.get(text.casefold()) or (text if text in valid else None) if text else None
        if text and chosen is None:
            raise _wrong(word, name)
    change.new[code] = chosen
    change.new[name] = valid[chosen] if chosen else None


def complete_places(org: Org, change: Change) -> None:
    """Countries and states are checked against the lists and completed by code or name."""
    if not org.flags.state_country_picklists:
        return
    for made in change.schema.all_fields.values():
        if made.type == "address" and made.parts + "CountryCode" in change.schema.all_fields:
            countries = {code: place["name"] for code, place in places().items()}
            _agree(change, made.parts, "Country", countries, "country/territory")
            country = change.new.get(made.parts + "CountryCode")
            states = places().get(country or "", {}).get("states", {})
            _agree(change, made.parts, "State", states, "state/province")
