"""Writes the model card, `docs/classifier.md` with its Kazakh and Russian pages, from the figures of the test file."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from routing.classification.policy import ModelMetadata
from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.taxonomy import taxonomy
from training.evaluation import Answer, Figures, figures

DOCS: Final = Path(__file__).parents[3] / "docs"
_FILES: Final[Mapping[Language, str]] = {"kk": "classifier.kk.md", "ru": "classifier.ru.md", "en": "classifier.md"}
_NAMES: Final[Mapping[Language, str]] = {"kk": "қазақша", "ru": "по-русски", "en": "English"}
_WORST, _PAIRS = 20, 12
_LONGEST: Final = 160  # characters of a text in the table


@dataclass(frozen=True)
class Findings:
    """What the card reports. `crossed`: shares of right kinds and subjects in cross-validation."""

    model: ModelMetadata
    by_model: Sequence[Answer]
    by_lexicon: Sequence[Answer]
    crossed: tuple[float, float]


def write_cards(found: Findings, docs: Path = DOCS) -> None:
    """Write the card in three languages."""
    for language in LANGUAGES:
        text = "\n".join(_Card(found, language).lines()) + "\n"
        (docs / _FILES[language]).write_text(text, encoding="utf-8")


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "card_texts.toml").read_text(encoding="utf-8"))


@cache
def _causes() -> list[dict[str, Any]]:
    causes: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "error_causes.toml").read_text(encoding="utf-8"))["causes"]
    return causes


class _Card:
    def __init__(self, found: Findings, language: Language) -> None:
        self.found, self.language = found, language

    def lines(self) -> Iterator[str]:
        model, say = self.found.model, self._say
        others = [f"[{_NAMES[each]}]({_FILES[each]})" for each in LANGUAGES if each != self.language]
        yield from (
            f"# {say('title')}",
            "",
            say("others", links=", ".join(others)),
            "",
            say("what", texts=model.texts, version=model.version),
        )
        yield from ("", f"## {say('how_title')}", "", say("how"), "", f"### {say('thresholds_title')}", "")
        yield from self._table(("kind", "threshold"), self._thresholds())
        yield from ("", f"## {say('figures_title')}", "", say("figures"), "")
        yield from self._table(("slice", "texts", "kind", "subject", "auto", "auto_right", "triage"), self._figures())
        kind, subject = map(_percent, self.found.crossed)
        yield from ("", f"## {say('cross_title')}", "", say("cross", kind=kind, subject=subject))
        yield from ("", f"## {say('confusion_title')}", "", say("confusion"), "", *self._confusion())
        yield from ("", f"## {say('pairs_title')}", "", *self._table(("right", "chosen", "times"), self._pairs()))
        yield from ("", f"## {say('errors_title')}", "", say("errors"), "")
        yield from self._table(("text", "right", "chosen", "certainty"), self._worst())
        yield from ("", f"## {say('causes_title')}", "", *(f"- {cause[self.language]}" for cause in _causes()))
        yield from ("", f"## {say('limits_title')}", "", say("limits"))

    def _say(self, name: str, **values: object) -> str:
        text: str = _texts()[name][self.language]
        return text.format(**values)

    def _table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
        yield "| " + " | ".join(_texts()["columns"][column][self.language] for column in columns) + " |"
        yield "|---" * len(columns) + "|"
        for row in rows:
            yield "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |"

    def _label(self, code: str) -> str:
        codes = taxonomy()
        for entries in (codes.kinds, codes.categories, codes.topics):
            if code in entries:
                label: Label = entries[code].label
                return label.in_(self.language)
        return code

    def _thresholds(self) -> Iterator[Sequence[str]]:
        for kind, threshold in self.found.model.auto.items():
            yield self._label(kind), _texts()["columns"]["never"][self.language] if threshold is None else _percent(threshold)

    def _figures(self) -> Iterator[Sequence[str]]:
        by_lexicon = figures(self.found.by_lexicon)
        by_model = figures(self.found.by_model)
        order = list(_texts()["aspects"])
        for (aspect, value), new in sorted(by_model.items(), key=lambda item: order.index(item[0][0])):
            old = by_lexicon[aspect, value]
            name = _texts()["aspects"][aspect][self.language]
            label = name if aspect == "all" else f"{name}: {self._label(value)}"
            yield (
                label,
                str(new.texts),
                *(_both(new, old, field) for field in ("kind", "subject", "auto")),
                _right(new, old),
                _both(new, old, "triage"),
            )

    def _confusion(self) -> Iterator[str]:
        kinds = list(taxonomy().kinds)
        counted = Counter((answer.tested.kinds[0], answer.found.kind) for answer in self.found.by_model)
        present = [kind for kind in kinds if any(kind in pair for pair in counted)]
        yield "| | " + " | ".join(map(self._label, present)) + " |"
        yield "|---" * (len(present) + 1) + "|"
        for row in present:
            yield f"| {self._label(row)} | " + " | ".join(str(counted[row, column] or "·") for column in present) + " |"

    def _pairs(self) -> Iterator[Sequence[str]]:
        wrong = [answer for answer in self.found.by_model if not answer.subject_is_right]
        counted = Counter((answer.tested.subjects[0], answer.subject) for answer in wrong)
        for (right, chosen), times in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_PAIRS]:
            yield self._label(right), self._label(chosen), str(times)

    def _worst(self) -> Iterator[Sequence[str]]:
        wrong = sorted(
            (each for each in self.found.by_model if not each.is_right), key=lambda each: (-each.found.confidence, each.tested.text)
        )
        for answer in wrong[:_WORST]:
            text = " ".join(answer.tested.text.split())
            shown = text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"
            right = f"{self._label(answer.tested.kinds[0])}: {self._label(answer.tested.subjects[0])}"
            yield shown, right, f"{self._label(answer.found.kind)}: {self._label(answer.subject)}", _percent(answer.found.confidence)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _share(part: int, whole: int) -> str:
    return _percent(part / whole) if whole else "–"


def _both(new: Figures, old: Figures, field: str) -> str:
    return f"{_share(getattr(new, field), new.texts)} ({_share(getattr(old, field), old.texts)})"


def _right(new: Figures, old: Figures) -> str:
    return f"{_share(new.auto_right, new.auto)} ({_share(old.auto_right, old.auto)})"
