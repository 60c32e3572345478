"""The joint choice of a kind and an admissible subject, with its confidence and the decision that follows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from routing.classification.schemas import Decision, Method, StoredClassification
from routing.classification.service import by_lexicon, by_model
from routing.classification.service.choice import NOTHING_DECLARED, Choice, Declared, weigh
from routing.classification.service.lexicon import Hit, TermGroup, lexicon
from routing.classification.service.model import AppealModel, appeal_model
from routing.classification.service.urgency import Evidence, evidence_of
from shared.domain.languages import detect_language
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import HIGHEST_TIER, Subject, taxonomy
from shared.language.danger import signs_of_danger
from shared.language.detectors import DetectorText, detectors
from shared.language.dictionaries import danger_lexicon, protected_lexicon
from shared.language.junk import junk_in
from shared.language.protected import signs_of_protected
from shared.language.tokens import Token, tokenise
from shared.language.word_features import as_read, features_computed_once, words_to_read


@dataclass  # not frozen: creation would take three times as long
class Classification:
    """What an appeal is about.

    `confidence` is 0..1. Under the decision TRIAGE the kind and the tier are provisional. Either `category` or `topic` is set,
    depending on the kind. `protected`: matters that a person reviews (`shared.language.protected`); `junk`: why the text may be no
    appeal, a suggestion.
    """

    kind: str
    category: str | None
    topic: str | None
    tier: int
    urgent: bool
    language: str
    confidence: float
    decision: Decision
    evidence: tuple[Evidence, ...]
    versions: dict[str, str]
    protected: tuple[str, ...] = ()
    junk: str | None = None
    text_words: int = 0
    """The number of different words that the model read, and of those that it does not know: for the metrics, not stored."""
    new_words: int = 0

    def as_row(self) -> StoredClassification:
        """Return the JSON form."""
        row = vars(self) | {"evidence": [vars(piece) for piece in self.evidence], "protected": list(self.protected)}
        del row["text_words"], row["new_words"]
        return cast("StoredClassification", row)


def classify(
    text: str, *, kind: str | None = None, category: str | None = None, topic: str | None = None, language: str | None = None
) -> Classification:
    """Return the kind, category or topic, tier and urgency of an appeal. Codes that the citizen declared are kept.

    Raises ValueError for a declared kind, category and topic that do not go together (`Taxonomy.subject_errors`).
    """
    return classify_by(appeal_model(), text, Declared(kind, category, topic), language)


def classify_by(model: AppealModel | None, text: str, declared: Declared = NOTHING_DECLARED, language: str | None = None) -> Classification:
    """Return the classification by this model, or by the dictionary alone without one. Raises ValueError as `classify` does."""
    if errors := taxonomy().subject_errors(*declared):
        raise ValueError(f"declared subject: {errors}")
    with features_computed_once():  # the detectors and the model read the same words
        return _classified(model, text, declared, language)


def _classified(model: AppealModel | None, text: str, declared: Declared, language: str | None) -> Classification:
    tokens = tokenise(text)
    hits = lexicon().find(tokens)
    read = DetectorText(text, tokens, hits)
    danger = signs_of_danger(text, read)
    protected = signs_of_protected(text, read)
    text_words: list[str] = []
    versions = {
        "lexicon": lexicon().version,
        "danger": danger_lexicon().version,
        "protected": protected_lexicon().version,
        "detectors": detectors().about.version,
    }
    if declared.kind and declared.subject:
        choice = Choice(declared.kind, declared.subject, 1.0, Decision.AUTO)
        versions["method"] = Method.DECLARED
    elif model is None or not model.knows(declared):
        choice = by_lexicon.choose(weigh(hits), declared, urgent=bool(danger))
        versions["method"] = Method.LEXICON
    else:
        text_words = words_to_read(tokens)
        choice = by_model.choose(model, text_words, weigh(hits), declared, urgent=bool(danger))
        versions |= {"method": Method.MODEL, "model": model.about.version}
    junk = junk_in(text, hits)
    if junk is not None and versions["method"] == Method.MODEL:
        choice = choice._replace(decision=Decision.TRIAGE)  # a person decides whether it is an appeal
    if protected and choice.decision is Decision.AUTO:
        choice = choice._replace(decision=Decision.SUGGEST)
    field = taxonomy().subject_field(choice.kind)
    arguments = list(_arguments(hits, choice, field))
    weighty = _weighty(model, tokens, text_words, choice) if model is not None and text_words and not arguments else ()
    chosen_category = choice.subject if field == "category" else None
    chosen_topic = choice.subject if field == "topic" else None
    return Classification(
        kind=choice.kind,
        category=chosen_category,
        topic=chosen_topic,
        tier=HIGHEST_TIER if protected else _tier(choice, chosen_category, chosen_topic, urgent=bool(danger)),
        urgent=bool(danger),
        language=language or detect_language(text),
        confidence=round(choice.confidence, 3),
        decision=choice.decision,
        evidence=evidence_of([*danger, *protected, *arguments], weighty),
        versions=versions,
        protected=tuple(dict.fromkeys(hit.term.code for hit in protected)),
        junk=junk,
        text_words=len(text_words),
        new_words=choice.new_words,
    )


def _tier(choice: Choice, category: str | None, topic: str | None, *, urgent: bool) -> int:
    """Return the tier of the policy; under TRIAGE that of the kind, unless the appeal is urgent."""
    if choice.decision is Decision.TRIAGE and not urgent:
        return taxonomy().kinds[choice.kind].default_tier
    return tier_for(choice.kind, category, topic, urgent=urgent)


def _weighty(model: AppealModel, tokens: Sequence[Token], text_words: Sequence[str], choice: Choice) -> list[tuple[Token, str]]:
    """Return the words to which the model gave most weight, where the dictionary has none to show."""
    if choice.confidence <= 0:
        return []
    family = taxonomy().root_category(choice.subject) if taxonomy().subject_field(choice.kind) == "category" else choice.subject
    chosen = set(model.weighty_words(text_words, choice.kind, family))
    return [(token, choice.subject) for token in tokens if as_read(token.key) in chosen]


def _arguments(hits: Sequence[Hit], choice: Choice, field: Subject) -> Iterator[Hit]:
    """Yield the hits that support the choice or rule out another one."""
    root = taxonomy().root_category(choice.subject) if field == "category" else choice.subject
    for hit in hits:
        term = hit.term
        if term.group == field:
            supports = (taxonomy().root_category(term.code) if field == "category" else term.code) == root
        else:
            supports = term.group == TermGroup.OVERRIDE or (term.group == TermGroup.KIND and term.code == choice.kind)
        if supports and term.weight > 0:
            yield hit
