"""What desks of documents share: each verb happens wholly or not at all, and stands in the trail."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.tables import Values
from app.simulators.intacct.writing import Author


@dataclass(frozen=True)
class DocumentDesk:
    """A kind of document as one caller writes it by legacy functions. `kind` and `label` are the subclass's."""

    company: Company
    author: Author

    kind: ClassVar[str]
    label: ClassVar[str]

    def as_one(self, verb: str, work: Callable[[], Values]) -> Values:
        """Run `work`; a refusal takes everything back and gets the vendor's wrapper behind it."""
        mark = self.company.journal.mark()
        try:
            values = work()
        except Refused as refused:
            self.company.journal.rollback(mark)
            raise Refused(*refused.errors, errors.could_not(verb, self.label)) from refused
        self.company.audit(verb, self.company.schemas[self.kind], values, self.author.user, self.company.now())
        return values
