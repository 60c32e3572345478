"""Detection of immediate danger to life or health, with priority on recall: a missed case may cost a life.

The dictionary (`data/danger.toml`) or the trained detectors at a low threshold find it. The web form, the receipt, the bot, the
counter, the call screen and routing use this detector, so they agree about every text.
"""

from collections.abc import Sequence

from shared.language.detectors import DetectorText, detectors
from shared.language.dictionaries import CALM, URGENT, DangerLexicon, danger_lexicon
from shared.language.phrases import Hit
from shared.language.spelling import spaces_letters
from shared.language.tokens import divides_words, hidden_tokens, tokenise

__all__ = ["DangerLexicon", "danger_lexicon", "signs_in_dictionary", "signs_of_danger", "speaks_of_danger"]


def speaks_of_danger(text: str) -> bool:
    """Return whether the text reports immediate danger to life or health. Linear."""
    return bool(signs_of_danger(text))


def signs_of_danger(text: str, read: DetectorText | None = None) -> list[Hit]:
    """Return the signs of danger in a text, each once. Empty without danger.

    They are terms of the dictionary, or the weightiest words where the trained detectors alone found it.
    `read`: the text as it was read for another detector.
    """
    read = read or DetectorText.of(text)
    found = signs_in_dictionary(read)
    if found or read.scores is None or read.scores.danger < detectors().about.danger:
        return found
    return read.signs(URGENT)


def signs_in_dictionary(read: DetectorText) -> list[Hit]:
    """Return what the dictionary alone finds. A word that a line end or spaces divide is read both joined and in parts."""
    index, text = danger_lexicon().index, read.text
    found = _judged(read.hits)
    if not found and divides_words(text):
        found = _judged(index.find(tokenise(text, join_lines=False)))
    if not found and spaces_letters(text):
        found = _judged(index.find(hidden_tokens(text)))
    return found


def _judged(hits: Sequence[Hit]) -> list[Hit]:
    """Return the urgent hits if their weights suffice, else an empty list.

    A term counts once, however often it occurs. Calming terms (danger long past, thanks for a rescue) reduce the sum. A plain
    sign always suffices.
    """
    urgent = {hit.term: hit for hit in hits if hit.term.group == URGENT}
    if not urgent:
        return []
    known = danger_lexicon()
    calming = sum(term.weight for term in dict.fromkeys(hit.term for hit in hits if hit.term.group == CALM))
    if max(term.weight for term in urgent) >= known.plain or sum(term.weight for term in urgent) - calming >= known.needed:
        return list(urgent.values())
    return []
