"""Why a case is classified as it is, what it might be instead, and which further issues its text speaks of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView
from routing.classification.service.proposals import Proposal, alternatives, further_issues
from routing.desk.pages.reader import DeskReader
from shared.contracts import ClassificationCorrected
from shared.domain.taxonomy import taxonomy
from shared.offload import run_on_text
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.viewer import role_labels

_METHODS: Final[Mapping[str, str]] = {
    "model": N_("the trained model"),
    "lexicon": N_("the dictionary"),
    "declared": N_("the applicant"),
    "imported": N_("the former register"),
}
_JUNK: Final[Mapping[str, str]] = {
    "EMPTY": N_("The text may be empty. Please check it: nothing was deleted or decided."),
    "SYMBOLS": N_("The text may be symbols without words. Please check it: nothing was deleted or decided."),
    "KEYBOARD": N_("The text may be random keys. Please check it: nothing was deleted or decided."),
    "ADVERTISING": N_("The text may be advertising. Please check it: nothing was deleted or decided."),
}


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another classification. `key`: the digit that chooses it after K; `quotes`: the parts of the text that speak for it."""

    key: int
    label: str
    kind: str
    category: str
    topic: str
    certainty: str
    quotes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who or what decided, how surely and in which version (`facts`); `junk`: a remark that the text may be no appeal, or empty."""

    facts: Sequence[tuple[str, str]]
    junk: str
    alternatives: Sequence[Alternative]
    issues: Sequence[Alternative]
    """Further issues that the text speaks of, as proposals to split off."""


async def explanation_of(case: CaseView, text: str, reader: DeskReader) -> Explanation:
    """Return the explanation. `text`: that of the appeal, empty if it is not known."""
    offered = {offer.action for offer in case.next_actions}
    chosen = (case.kind, case.category or case.topic)
    others = await run_on_text(text, alternatives, text, chosen) if text and CaseAction.CLASSIFY in offered else []
    further: list[Proposal] = []
    if text and CaseAction.SPLIT_ISSUE in offered:
        further = await run_on_text(text, further_issues, text, [issue.category for issue in case.issues])
    if case.unsorted and CaseAction.CLASSIFY in offered:  # the provisional choice may be right: the first digit confirms it
        others = [Proposal(case.kind, case.category, case.topic, case.classification.get("confidence", 0), ()), *others]
    return Explanation(
        facts=_facts(case, reader),
        junk=reader.translate(_JUNK[code]) if (code := str(case.classification.get("junk") or "")) in _JUNK else "",
        alternatives=[_alternative(number, each, text, reader) for number, each in enumerate(others, start=1)],
        issues=[_alternative(number, each, text, reader) for number, each in enumerate(further, start=1)],
    )


def _facts(case: CaseView, reader: DeskReader) -> list[tuple[str, str]]:
    found = case.classification
    versions = found.get("versions", {})
    corrected = next((entry for entry in reversed(case.history) if entry.type == ClassificationCorrected.FACT), None)
    method = versions.get("method", "")
    facts = []
    if corrected is not None:
        role = role_labels().get(corrected.actor_role)
        facts.append((reader.translate(N_("Decided by")), reader.label(role) if role else corrected.actor_role))
    elif method in _METHODS:
        facts.append((reader.translate(N_("Decided by")), reader.translate(_METHODS[method])))
    if corrected is None and method in {"model", "lexicon"}:
        facts.append((reader.translate(N_("Confidence")), _percent(found.get("confidence", 0), reader)))
    version = versions.get("model") if method == "model" else versions.get("lexicon") if method == "lexicon" else None
    if version:
        facts.append((reader.translate(N_("Version")), version))
    return facts


def _alternative(number: int, found: Proposal, text: str, reader: DeskReader) -> Alternative:
    codes = taxonomy()
    kind = reader.label(codes.kinds[found.kind].label)
    subject = codes.categories[found.category] if found.category else codes.topics[found.topic] if found.topic else None
    quotes = dict.fromkeys(text[piece.start : piece.end] for piece in found.evidence)
    return Alternative(
        key=number,
        label=f"{kind}: {reader.label(subject.label)}" if subject else kind,
        kind=found.kind,
        category=found.category or "",
        topic=found.topic or "",
        certainty=_percent(found.confidence, reader) if found.confidence else "",
        quotes=[quote for quote in quotes if quote],
    )


def _percent(share: float, reader: DeskReader) -> str:
    return Formats(reader.language).percent(100 * share, 0)
