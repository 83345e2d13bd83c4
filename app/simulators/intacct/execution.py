"""Carrying out the functions of one request: repeat protection, transaction, per-function faults, counting.

Runs in one go, without awaiting: what a request does is atomic in simulated time. Knows results, not HTTP.
"""

import random
from dataclasses import dataclass

from app.simulators.faults import FaultKind, FaultPlan
from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.envelope import Envelope, Function
from app.simulators.intacct.errors import EnvelopeRefused, Refused, VendorError
from app.simulators.intacct.forced import ForcedAnswers, vendor_errors
from app.simulators.intacct.functions import Call, carry_out
from app.simulators.intacct.knobs import Knobs
from app.simulators.intacct.ledger import Ledger
from app.simulators.intacct.meters import Meters
from app.simulators.intacct.reading import Cursors
from app.simulators.intacct.repeats import Repeats
from app.simulators.intacct.results import Result
from app.simulators.intacct.sessions import Session, Sessions
from app.simulators.intacct.views import View

FUNCTION_FAULTS = (FaultKind.ABORTED, FaultKind.NO_STATUS, FaultKind.LOCK_ERROR)


@dataclass
class Books:
    """Everything a function may touch, bundled once per simulator state."""

    company: Company
    sessions: Sessions
    cursors: Cursors
    ledger: Ledger
    meters: Meters
    repeats: Repeats
    faults: FaultPlan
    forced: ForcedAnswers
    knobs: Knobs
    shuffler: random.Random


@dataclass
class Job:
    """A request that was admitted: its envelope, its caller, and which control ids were used up when it started."""

    envelope: Envelope
    session: Session
    endpoint: str
    repeated: set[int]


def start(books: Books, envelope: Envelope, session: Session, endpoint: str) -> Job:
    """Admit a request: decides now, before any latency, which of its functions are repeats."""
    job = Job(envelope, session, endpoint, set())
    if envelope.control.uniqueid:
        for place, function in enumerate(envelope.functions):
            key = books.repeats.key(session, function.controlid)
            if books.repeats.refused(key):
                job.repeated.add(place)
            books.repeats.started(key)
    return job


def finish(books: Books, job: Job, results: list[Result]) -> None:
    """Close the books of a request: its control ids are used up by what was completed."""
    if job.envelope.control.uniqueid:
        for place, function in enumerate(job.envelope.functions):
            result = results[place] if place < len(results) else None
            executed = result is not None and place not in job.repeated and result.status != "aborted"
            done = result is not None and result.done
            books.repeats.ended(books.repeats.key(job.session, function.controlid), done, executed)


def execute(books: Books, job: Job) -> list[Result]:
    """Results in the order of the functions. With transaction=true all of them happen or none.

    EnvelopeRefused, which fails the request as a whole, leaves no effect.
    """
    functions, journal = job.envelope.functions, books.company.journal
    mark, entries, results = journal.mark(), len(books.ledger), list[Result]()
    completed: set[str] = set()
    for place, function in enumerate(functions):
        if job.envelope.control.uniqueid and function.controlid in completed:
            job.repeated.add(place)
        try:
            result = _one(books, job, place, function)
        except EnvelopeRefused:
            journal.rollback(mark)
            raise
        results.append(result)
        if result.done:
            completed.add(function.controlid)
        elif job.envelope.transaction:
            books.meters.taken_back(len(books.ledger) - entries)
            journal.rollback(mark)
            results = _rolled_back(books, functions, place, result)
            break
    journal.forget()
    return results


def _one(books: Books, job: Job, place: int, function: Function) -> Result:
    result = Result(function.name, function.controlid)
    if place in job.repeated:
        return _repeat(books.knobs, result)
    refusal = _not_allowed(books, job, function)
    forced = books.forced.result(function.tag)
    if forced is not None and forced.result is not None:
        if forced.execute:
            _run(books, job, function, result)
        result.status, result.done = forced.result.get("status"), forced.execute and result.done
        result.errors = vendor_errors(forced.result.get("errors", []))
        return result
    fault = books.faults.draw(function.tag, FUNCTION_FAULTS)
    if fault is not None and fault.kind is FaultKind.ABORTED:
        result.status, result.errors, result.done = "aborted", [errors.COMPANION], False
        return result
    if fault is not None and fault.kind is FaultKind.LOCK_ERROR:
        refusal = VendorError(books.knobs["record_lock_errorno"], books.knobs["record_lock_text"])
    if refusal is not None:
        result.status, result.errors, result.done = "failure", [refusal], False
        return result
    _run(books, job, function, result)
    if fault is not None and fault.kind is FaultKind.NO_STATUS:
        result.status, result.body, result.errors = None, [], []
    return result


def _run(books: Books, job: Job, function: Function, result: Result) -> None:
    cut = books.company.lag_cut(books.faults.read_lag())
    view = View(books.company, job.session.location, books.shuffler, cut)
    call = Call(books.company, books.sessions, books.cursors, books.ledger, job.session, function, view, job.endpoint)
    before = len(books.ledger)
    try:
        result.body = carry_out(call)
        result.naked = call.naked
    except Refused as refused:
        result.status, result.errors, result.done = "failure", refused.errors, False
        result.body = refused.done or []
    written = len(books.ledger) - before
    books.meters.ran(function.name, function.tag, written, result.status == "success")


def _repeat(knobs: Knobs, result: Result) -> Result:
    result.done = False
    if knobs["uniqueid_refusal_shape"] == "no_status":
        result.status = None
        return result
    result.status = "failure"
    result.errors = [VendorError(knobs["uniqueid_refusal_errorno"], knobs["uniqueid_refusal_text"])]
    return result


def _not_allowed(books: Books, job: Job, function: Function) -> VendorError | None:
    functions = job.envelope.functions
    most = books.knobs["max_functions"]
    if most and len(functions) > most:
        return errors.bad_query(f"a request takes at most {most} functions")
    mixed = len(functions) > 1 and any(f.name == "getAPISession" for f in functions)
    if mixed and books.knobs["mixed_getapisession"] == "refuse":
        return errors.bad_query(f"getAPISession cannot be combined with other functions ({function.name})")
    return None


def _rolled_back(books: Books, functions: list[Function], culprit: int, failed: Result) -> list[Result]:
    results = []
    for place, function in enumerate(functions):
        if place != culprit:
            results.append(Result(function.name, function.controlid, "aborted", [], [errors.COMPANION], done=False))
            continue
        if books.knobs["abort_shape"] == "all_aborted" and failed.status == "failure":
            failed.status = "aborted"
            failed.errors = [*failed.errors, errors.COMPANION]
        failed.body = [element for element in failed.body if element.tag != "data"]
        results.append(failed)
    return results


def rows_in(results: list[Result]) -> int:
    """How many rows the answers carry, for the latency model."""
    return sum(len(element) for result in results for element in result.body if element.tag == "data")
