"""Names of organisations in a text: what tells one hospital from another says nothing about what happened there."""

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import takewhile
from typing import Final

from shared.language.phrases import WHOLE_WORD, folded_stem
from shared.language.tokens import Token

_OPENING, _CLOSING = '"«“„', '"»”“'
_LONGEST: Final = 6  # words of a name on each side of the word for the organisation
_LEGAL_FORMS: Final = frozenset({"ТОО", "ЖШС", "АО", "АҚ", "КГП", "ГКП", "КМК", "МКК", "ПХВ", "ШЖҚ"})
"""As written in capitals: folded, some are common words."""
_LONGEST_FORM: Final = max(map(len, _LEGAL_FORMS))


class _Role(Enum):
    ORGANISATION = "organisation"
    DISTINCTION = "distinction"


def _stems(text: str) -> tuple[str, ...]:
    return tuple(folded_stem(stem) for stem in text.split())


_STEMS: Final = {
    _Role.DISTINCTION: _stems(
        "городск областн районн центральн сельск республиканск национальн научн университетск многопрофильн семейн тестов частн "
        "диагностическ реабилитационн медицинск клиническ детск женск мужск родильн перинатальн онкологическ онкологии= кардиологическ "
        "кардиологии= кардиохирургическ нейрохирургическ хирургическ инфекционн ожогов травматологическ психиатрическ психоневрологическ "
        "психическ наркологическ противотуберкулезн туберкулезн туб= гемодиализн диализн паллиативн скорой= неотложной= медицинской= "
        "экстренной= помощи= крови= спид= судебной= медицины= здоровья= матери= ребенка= ветеранов= радиологии= "
        "қалалық облыстық аудандық ауылдық ұлттық ғылыми зерттеу көпбейінді отбасылық диагностикалық оңалту медициналық сынақ= балалар= "
        "әйелдер= перинаталдық онкология кардиология нейрохирургия жұқпалы аурулар= күйік= ожог= психикалық денсаулық= психиатрия "
        "наркология туберкулез диализ= гемодиализ= паллиативтік жедел= жәрдем= шұғыл= қан= аитв= вич= сот= ана= бала= ардагерлер босану="
    ),
    _Role.ORGANISATION: _stems(
        "больниц поликлиник клиник центр диспансер госпитал институт хоспис консультаци амбулатори роддом= роддома= роддоме= "
        "емхана аурухана орталығ орталық= перзентхана бөлімше"
    ),
}
_OPENING_LETTERS: Final = 3  # letters that every stem has: most words are known by them to be nothing here
_OPENINGS: Final = frozenset(stem[:_OPENING_LETTERS] for stems in _STEMS.values() for stem in stems)


def without_names(text: str, tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the tokens without those that tell organisations apart: of «детская больница № 5» and «"Шипа" емханасы» a word each.

    The word for the organisation itself stays, and so do such words elsewhere, as in «жедел жәрдем келмейді». Linear.
    """
    organisation, openings, longest = _Role.ORGANISATION, _OPENINGS, _LONGEST_FORM  # local: this is done for every word
    heads = [
        head
        for head, (key, start, end, _) in enumerate(tokens)
        if (key[:_OPENING_LETTERS] in openings and _role(key) is organisation)
        or (end - start <= longest and text[start:end] in _LEGAL_FORMS)
    ]
    hidden = {position for head in heads for position in _around(text, tokens, head)}
    return [token for position, token in enumerate(tokens) if position not in hidden] if hidden else tokens


def _around(text: str, tokens: Sequence[Token], head: int) -> Iterator[int]:
    """Yield the positions of the other words of a name, those before and after the word for the organisation."""
    before, after = range(head - 1, max(head - 1 - _LONGEST, -1), -1), range(head + 1, min(head + 1 + _LONGEST, len(tokens)))
    for positions in (before, after):
        yield from takewhile(lambda position: _distinguishes(tokens[position].key), positions)
    yield from _quoted(text, tokens, after)
    yield from _quoted(text, tokens, before)


def _quoted(text: str, tokens: Sequence[Token], positions: range) -> Iterator[int]:
    """Yield the positions of a name in quotes next to the word for the organisation. A quote of speech has a token of its own."""
    first, last = (_OPENING, _CLOSING) if positions.step > 0 else (_CLOSING, _OPENING)
    found: list[int] = []
    for position in positions:
        token = tokens[position]
        sides = text[max(token.start - 1, 0) : token.start], text[token.end : token.end + 1]
        near, far = sides if positions.step > 0 else sides[::-1]
        if token.key == '"' or not (found or (near and near in first)):
            return
        found.append(position)
        if far and far in last:
            yield from found
            return


def _distinguishes(key: str) -> bool:
    return key.isdecimal() or _role(key) is _Role.DISTINCTION


def _role(key: str) -> _Role | None:
    if key[:_OPENING_LETTERS] not in _OPENINGS:
        return None
    return next((role for role, stems in _STEMS.items() if key.startswith(stems) or key + WHOLE_WORD in stems), None)
