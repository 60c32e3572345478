"""Writes the card of the detectors, `docs/detectors.md`, with their figures on the held-out files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.language.detectors import DetectorMetadata
from training.detectors.fitting import FALSE_DANGER, FALSE_PROTECTED
from training.detectors.promotion import MOST_FALSE, Found

DOCS: Final = Path(__file__).parents[4] / "docs"
FILE: Final = "detectors.md"
_TEXT: Final = """\
# Detectors of danger and of protected subjects

`make train` writes this page. A danger to life or a protected subject (extortion, corruption, a disclosed medical secret) is found by a
dictionary or by trained detectors at a low threshold. Version {version}, trained on {texts} texts written for this project; none is
a citizen's.

## What reads texts with them

The web form, the receipt, the bot and the call screen show the numbers 103 and 112 for a danger. Routing marks the case urgent, and
sends protected subjects to the protected lane. Suggestions offer no article for either. All of them call `shared.language.danger` and
`shared.language.protected`, so they agree about every text.

## How a text is judged

1. The dictionaries (`danger.toml`, `protected.toml`) search for stems and phrases. What they are certain of decides.
2. Otherwise one linear model scores a text of at least three words against every kind of text that people write: emergencies, the
   three protected subjects, their look-alikes, complaints by category, questions and thanks. It reads the letters of words, their
   concepts and the sums of the dictionaries. A text is marked from these log-odds: {danger} for danger, {protected} for protected subjects.
3. Names of organisations are hidden in training and reading (`shared.language.organisations`): of «детская больница № 5» one word stays.
4. A person reviews every marked case. Nothing is decided, closed or downgraded because a text is marked, or because it is not.

The thresholds come from cross-validation that leaves out whole texts with their noisy copies: at most {false_danger} of the ordinary
training texts may be marked as danger, and {false_protected} as protected, by dictionary and model together. The evidence of a case
names the words to which the model gave most weight, and its versions name the detectors.

## Figures on the held-out files

No text of these files was trained on. They were looked at between trainings, and after one look the share of ordinary texts that may be
marked as protected was lowered in cross-validation; expect less on texts that nobody here has seen. “Dictionary” is
what the dictionaries find without the model.

| Slice | Texts | Marked | Dictionary |
|---|---|---|---|
{rows}

Marked is right in the slices of danger and of protected subjects, and wrong in look-alikes and ordinary texts. “Ordinary” are the texts of
the classifier's test file; some of them tell of an emergency or of money that was asked for, so not every mark there is an error.

## Promotion

New detectors replace those in use only if no slice of danger or of a protected subject loses a text, and if these shares are marked
wrongly at most: {most_false}. The former detectors are in the history of the repository.

## Limits

Of a text of more than 600 words the trained detectors read the first 400 and the last 200; the dictionaries read all.
All texts are invented, and emergencies in words that no training text has are missed. Recall on disguised protected subjects is below
that of plain ones. The advice on 103 and 112 therefore stands on every form as well, whatever a text says.
"""


def write_card(about: DetectorMetadata, after: Mapping[str, Found], by_dictionary: Mapping[str, Found], docs: Path = DOCS) -> None:
    """Write the card. `after` and `by_dictionary`: the figures by slice with and without the model."""
    rows = (f"| {name} | {found.texts} | {_share(found)} | {_share(by_dictionary[name])} |" for name, found in after.items())
    text = _TEXT.format(
        version=f"`{about.version}`",
        texts=about.texts,
        danger=about.danger,
        protected=about.protected,
        false_danger=f"{FALSE_DANGER:.1%}",
        false_protected=f"{FALSE_PROTECTED:.1%}",
        rows="\n".join(rows),
        most_false=", ".join(f"{most:.0%} of “{name}”" for name, most in MOST_FALSE.items()),
    )
    (docs / FILE).write_text(text, encoding="utf-8")


def _share(found: Found) -> str:
    return f"{found.marked} ({100 * found.marked / found.texts:.1f} %)"
