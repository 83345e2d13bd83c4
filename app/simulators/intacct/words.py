"""The company's words: state labels that differ, and which of two spellings a field has. `lookup` shows them.

Applied whenever a knob is set.
"""

from dataclasses import replace

from app.simulators.intacct.company import Company
from app.simulators.intacct.schema import load_schemas

LABELLED = {"ARINVOICE": "arinvoice_state_labels", "ARPYMT": "arpymt_state_labels"}
SPELLINGS = ("AMOUNTOPAY", "AMOUNTTOPAY")


def apply_words(company: Company) -> None:
    """Bring labels and spellings of invoices and payments in line with the knobs."""
    original = load_schemas()
    for kind, knob in LABELLED.items():
        spec, words = original[kind].fields["STATE"], company.knobs[knob]
        codes = {words.get(name, name): code for name, code in spec.codes.items()}
        values = tuple(words.get(name, name) for name in spec.values)
        company.schemas[kind].fields["STATE"] = replace(spec, values=values, codes=codes)
    spelling, fields = company.knobs["arpymt_base_amount_name"], company.schemas["ARPYMT"].fields
    for name in SPELLINGS:
        if spelling in ("both", name):
            fields[name] = original["ARPYMT"].fields[name]
        else:
            fields.pop(name, None)
    company.forget_paths()
