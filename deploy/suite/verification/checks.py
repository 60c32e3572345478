"""The invariants of the suite, each a pure check of a snapshot of all stores."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts import APPEALS
from shared.domain.taxonomy import taxonomy
from suite.verification.stores import Snapshot


@dataclass(frozen=True)
class Check:
    """The result of one check: how many items were checked, and the ids of those that violate the invariant."""

    name: str
    looked_at: int
    wrong: Sequence[object]

    @property
    def holds(self) -> bool:
        return not self.wrong


def all_checks(seen: Snapshot) -> Sequence[Check]:
    """Return the results of all checks, in the order of an appeal's way through the services."""
    return [
        *_at_rest(seen),
        *_in_the_log(seen),
        *_known_everywhere(seen),
        *_no_orphans(seen),
        *_clocks(seen),
        *_inquiries(seen),
        *_solutions(seen),
        *_directory(seen),
        _articles(seen),
    ]


def _check(name: str, looked_at: int, wrong: Iterable[object]) -> Check:
    return Check(name, looked_at, sorted(wrong, key=str))


def _at_rest(seen: Snapshot) -> list[Check]:
    return [
        _check("nothing waits in an outbox", len(seen.waiting), (name for name, rows in seen.waiting.items() if rows)),
        _check("no event is parked", len(seen.dead_letters), (f"{name}: {rows}" for name, rows in seen.dead_letters.items() if rows)),
    ]


def _in_the_log(seen: Snapshot) -> list[Check]:
    log = seen.log
    filed = {appeal for appeal, (_, imported) in seen.appeals.items() if not imported}
    imported = seen.appeals.keys() - filed
    numbers = Counter(number for number, _ in seen.appeals.values())
    return [
        _check(f"offsets of {APPEALS} without a gap", log.records, log.gaps),
        _copies(seen),
        _check("no register number is given twice", len(seen.appeals), _more_than_once(numbers)),
        _check("every accepted appeal is registered in the log once", len(filed), (each for each in filed if log.registered[each] != 1)),
        _check("every imported appeal is in the log once", len(imported), (each for each in imported if log.imported[each] != 1)),
        _check("every accepted appeal is routed once", len(filed), (each for each in filed if log.routed[each] != 1)),
    ]


def _copies(seen: Snapshot) -> Check:
    log = seen.log
    if not seen.keeps_copies:
        return _check("no event is in the log twice", log.records, _more_than_once(log.event_ids))
    return _check("an event sent twice is the same twice", log.records, log.unlike)


def _known_everywhere(seen: Snapshot) -> list[Check]:
    appeals = seen.appeals.keys()
    filed = {appeal for appeal, (_, imported) in seen.appeals.items() if not imported}  # providers are not asked about imported appeals
    # An ended appeal whose name nobody could match may have been deleted: provider contact has no use for it.
    about_provider = filed & (seen.log.with_provider | (seen.log.with_name - seen.log.closed))
    other_numbers = (each for each, (number, _) in seen.appeals.items() if each in seen.cases and seen.cases[each].number != number)
    other_origin = (
        each
        for each, (_, imported) in seen.appeals.items()
        if (each in seen.cases and seen.cases[each].imported != imported) or seen.facts.get(each, imported) != imported
    )
    return [
        _check("every appeal can be tracked", len(appeals), appeals - seen.tracked),
        _check("every appeal has its case", len(appeals), appeals - seen.cases.keys()),
        _check("every document of an appeal is there", len(seen.documents), _lost_documents(seen)),
        _check("every appeal is counted", len(appeals), appeals - seen.facts.keys()),
        _check("every appeal about a provider is known to provider contact", len(about_provider), about_provider - seen.contacts),
        _check("a case bears its appeal's number", len(seen.cases), other_numbers),
        _check("imported or not is the same everywhere", len(appeals), other_origin),
        _check("every event of an appeal is a transition", seen.log.appeal_events, _missing_transitions(seen)),
        _check("an appeal has ended alike everywhere", len(appeals), _ended_otherwise(seen)),
    ]


def _lost_documents(seen: Snapshot) -> list[UUID]:
    return [file for file, objects in seen.documents.items() if not objects <= seen.objects]


def _ended_otherwise(seen: Snapshot) -> Iterator[object]:
    """Yield the appeals whose final status differs between services."""
    for appeal in seen.appeals:
        statuses = {of[appeal] for of in seen.statuses.values() if appeal in of}
        if len(statuses) > 1 and any(taxonomy().statuses[status].final for status in statuses):
            yield appeal


def _no_orphans(seen: Snapshot) -> list[Check]:
    appeals = seen.appeals.keys()
    in_log = (seen.log.registered | seen.log.imported | seen.log.routed).keys()
    return [
        _check("no event without its appeal", len(in_log), in_log - appeals),
        _check("no tracking or timeline without its appeal", len(seen.tracked), (seen.tracked | seen.timeline) - appeals),
        _check("a case follows an appeal that is known", len(seen.cases), _lost_trails(seen)),
        _check("no case without its appeal", len(seen.cases), seen.cases.keys() - appeals),
        _check("no figure without its appeal", len(seen.facts), (seen.facts.keys() | seen.transition_appeals) - appeals),
        _check("no inquiry without its appeal", len(seen.contacts), (seen.contacts | seen.inquiries.keys()) - appeals),
    ]


def _lost_trails(seen: Snapshot) -> list[object]:
    return [each for each, case in seen.cases.items() if case.follows is not None and case.follows not in seen.appeals]


def _clocks(seen: Snapshot) -> list[Check]:
    live = {each: seen.clocks.get(each, []) for each, case in seen.cases.items() if not case.imported}
    imported = {each for each, case in seen.cases.items() if case.imported}
    return [
        _check("every case has one statutory clock in force", len(live), (each for each, states in live.items() if _in_force(states) != 1)),
        _check("a deadline is alike everywhere", len(seen.deadlines["routing"]), _other_deadlines(seen)),
        _check("an imported case has no clock", len(imported), imported & seen.clocks.keys()),
    ]


def _other_deadlines(seen: Snapshot) -> Iterator[UUID]:
    """Yield the appeals whose applicant or whose figures have another statutory deadline than the desk."""
    for appeal, due_at in seen.deadlines["routing"].items():
        if any(seen.deadlines[service].get(appeal, due_at) != due_at for service in ("intake", "analytics")):
            yield appeal


def _in_force(states: Sequence[str]) -> int:
    return sum(state != "REPLACED" for state in states)


def _inquiries(seen: Snapshot) -> list[Check]:
    log = seen.log
    due = {each for each, subject in log.subject.items() if _goes_to_provider(*subject) and each in log.with_provider}
    ever_due = {each for each, subjects in log.subjects.items() if any(_goes_to_provider(*subject) for subject in subjects)}
    imported = {each for each, (_, imported) in seen.appeals.items() if imported}
    missing = (each for each in due - log.closed - imported if not seen.inquiries[each])
    undue = seen.inquiries.keys() - (ever_due & log.with_provider)
    return [
        _check("a complaint the provider should answer first is with it", len(due), missing),
        _check("no other appeal went to a provider", len(seen.inquiries), undue | (seen.inquiries.keys() & imported)),
        _check("no appeal went to its provider twice", len(seen.inquiries), _more_than_once(seen.inquiries)),
    ]


CONFIRMED = frozenset({"CONFIRMED", "VERIFIED"})
"""The statuses of a proposal in which the applicant's confirmation stands."""


def _solutions(seen: Snapshot) -> list[Check]:
    made = seen.proposals.keys() | seen.commitments.keys()
    broken = Counter(appeal for appeal, status in seen.commitments.values() if status == "BROKEN")
    return [
        _check("every proposal and promise is known to the applicant's side", len(made), made - seen.offers),
        _check("nothing is resolved on the spot without the applicant's word", len(seen.cases), _unconfirmed(seen)),
        _check(
            "a broken promise reopens its case",
            len(seen.commitments),
            (appeal for appeal, number in broken.items() if seen.log.reopened[appeal] < number),
        ),
    ]


def _unconfirmed(seen: Snapshot) -> Iterator[UUID]:
    """Yield the cases with an outcome that only the applicant's confirmation gives, without one that stands here and at the provider's."""
    for appeal, case in seen.cases.items():
        if case.outcome != "RESOLVED_ON_SPOT" or case.imported or appeal in seen.log.confirmed:
            continue
        standing = [UUID(proposal) for proposal, state in (case.proposals or {}).items() if state in CONFIRMED]
        if not any(seen.proposals.get(proposal, (appeal, ""))[1] in CONFIRMED for proposal in standing):
            yield appeal


def _directory(seen: Snapshot) -> list[Check]:
    directory, known = seen.directory, seen.directory.providers
    unlike = (f"{service}: {each}" for service, copy in directory.copies.items() for each in copy ^ known)
    without_access = (
        inquiry for inquiry, account in directory.assigned.items() if directory.accounts.get(account) != directory.asked[inquiry]
    )
    return [
        _check("every service knows the providers of the directory", len(known), unlike),
        _check("every contact, contract and doctor has its provider", len(directory.entries), _strays(directory.entries, known)),
        _check("every inquiry is to a provider of the directory", len(directory.asked), _strays(directory.asked, known)),
        _check("no open inquiry is with somebody without access to it", len(directory.asked), without_access),
    ]


def _articles(seen: Snapshot) -> Check:
    return _check("every published article is the same everywhere", len(seen.articles.published), seen.articles.unlike())


def _strays(owners: Mapping[UUID, UUID], providers: set[UUID]) -> Iterator[UUID]:
    return (each for each, provider in owners.items() if provider not in providers)


def _goes_to_provider(kind: str, category: str | None) -> bool:
    return kind == "COMPLAINT" and category is not None and taxonomy().categories[category].spp_first


def _missing_transitions(seen: Snapshot) -> list[str]:
    missing = seen.log.appeal_events - seen.transitions
    return [f"{missing} missing"] if missing else []


def _more_than_once(counted: Counter[Any]) -> list[Any]:
    return [each for each, times in counted.items() if times > 1]
