"""Detection of protected subjects: extortion, corruption and disclosed medical secrets, in disguise as well.

With priority on recall: the dictionary (`data/protected.toml`) or the trained detectors at a low threshold find them. A person reviews
every case that is marked, and nothing is decided or downgraded by it.
"""

from collections.abc import Sequence

from shared.language.detectors import DetectorText, detectors
from shared.language.dictionaries import OPEN, ProtectedLexicon, ProtectedSubject, protected_lexicon, strongest_protected
from shared.language.phrases import Hit
from shared.language.tokens import divides_words, tokenise

__all__ = [
    "ProtectedLexicon",
    "ProtectedSubject",
    "protected_lexicon",
    "protected_subjects",
    "signs_in_dictionary",
    "signs_of_protected",
]


def protected_subjects(text: str) -> list[ProtectedSubject]:
    """Return the protected subjects of a text, the strongest first. Linear."""
    return list(dict.fromkeys(ProtectedSubject(hit.term.code) for hit in signs_of_protected(text)))


def signs_of_protected(text: str, read: DetectorText | None = None) -> list[Hit]:
    """Return the terms that show protected subjects, each once, those of the strongest subject first. Empty without one.

    They are the weightiest words where the trained detectors alone found one. `read`: the text as it was read for another detector.
    """
    read = read or DetectorText.of(text)
    found = signs_in_dictionary(read)
    if found or read.scores is None or read.scores.protected < detectors().about.protected:
        return found
    return read.signs(read.scores.subject)


def signs_in_dictionary(read: DetectorText) -> list[Hit]:
    """Return what the dictionary alone finds. A word divided by a line end is read both joined and in parts."""
    found = _judged(read.hits, certain=not read.is_short)
    if not found and divides_words(read.text):
        found = _judged(protected_lexicon().index.find(tokenise(read.text, join_lines=False)), certain=False)
    return found


def _judged(hits: Sequence[Hit], *, certain: bool) -> list[Hit]:
    """Return the hits of the subjects whose sum, less that of the "open" terms, suffices. `certain`: only of those that are certain."""
    known = protected_lexicon()
    by_subject = dict(strongest_protected(hits))
    against = sum(term.weight for term in by_subject.pop(OPEN, ()))
    sums = {code: sum(term.weight for term in terms) - against for code, terms in by_subject.items()}
    found = [
        code
        for code, total in sums.items()
        if total >= known.certain or (total >= known.needed and (not certain or any(term.text in known.plain for term in by_subject[code])))
    ]
    return [hit for code in sorted(found, key=sums.__getitem__, reverse=True) for hit in by_subject[code].values()]
