"""The answer as an official letter: its verification code, its PDF, and the check that anybody can make."""

import hmac
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from routing.cases import service as cases
from routing.cases.schemas.given_answers import GivenAnswer
from routing.documents import repository
from routing.documents.codes import Comparison, LetterState
from routing.documents.policy import texts
from routing.documents.schemas import CODE_DIGITS, Addressee, IssuedLetter, LetterCheckIn, LetterCheckOut
from routing.documents.service.typesetting import qr_code, typeset
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.ids import random_digits
from shared.unit_of_work import UnitOfWork
from shared.web.formats import Formats
from shared.web.viewer import role_labels

PAGE: Final = "/routing/letters"
GROUP: Final = 4  # digits
HASHES: Final = 20  # of one letter: an address that changes with every request must not fill the row
TAIL: Final = 6  # characters: the last digits of the serial and the check digit


async def letter_of(work: UnitOfWork, answer_id: UUID) -> IssuedLetter:
    """Return the letter of an answer, with a new code at the first issue."""
    found = await repository.letter_of(work.session, answer_id)
    if found is None:
        new = IssuedLetter(answer_id, random_digits(CODE_DIGITS), work.clock.now(), [])
        await repository.add_letter(work.session, new)  # another process may have added one meanwhile
        found = await repository.letter_of(work.session, answer_id)
    return found or new


async def record_issue(work: UnitOfWork, answer_id: UUID, document: bytes) -> None:
    """Store the hash of a file that is issued as the letter of an answer; the newest HASHES are kept."""
    letter, digest = await letter_of(work, answer_id), sha256(document).hexdigest()
    if digest not in letter.sha256:
        await repository.store_hashes(work.session, replace(letter, sha256=[*letter.sha256, digest][-HASHES:]))


def compose(given: GivenAnswer, addressee: Addressee, code: str, origin: str) -> bytes:
    """Return the letter of an answer as PDF. `origin`: the address under which citizens reach the pages. Call it in a thread."""
    return typeset("letter", _content(given, addressee, code, origin))


async def check(work: UnitOfWork, asked: LetterCheckIn) -> LetterCheckOut:
    """Return what anybody may know of the letter with this code. Raises NotFound for an unknown code."""
    letter = await repository.letter_with_code(work.session, asked.code)
    if letter is None:
        raise NotFound
    answer = await cases.answer_facts(work, letter.answer_id)
    is_same = asked.sha256 is not None and any(hmac.compare_digest(asked.sha256, known) for known in letter.sha256)
    return LetterCheckOut(
        number_tail=answer.number[-TAIL:],
        answered_on=answer.at.astimezone(regions()[answer.region].timezone).date(),
        language=answer.language,
        state=LetterState.VALID if answer.latest_id == letter.answer_id else LetterState.SUPERSEDED,
        document=None if asked.sha256 is None else Comparison.SAME if is_same else Comparison.DIFFERENT,
    )


def _content(given: GivenAnswer, addressee: Addressee, code: str, origin: str) -> dict[str, object]:
    """Return the data of the template, in the language of the answer."""
    codes = taxonomy()
    language: Language = next((known for known in LANGUAGES if known == given.language), LANGUAGES[0])
    fixed, grouped = texts().letter.in_(language), in_groups(code)
    subject = codes.categories.get(given.category or "") or codes.topics.get(given.topic or "") or codes.kinds[given.kind]
    role = role_labels()[given.author_role].in_(language) if given.author_role in role_labels() else ""
    return {
        "language": language,
        "texts": fixed,
        "branch": branch_label(given.region).in_(language),
        "number": given.number,
        "title": fixed["title"].format(number=given.number),
        "date": Formats(language).date(given.at, regions()[given.region].timezone),
        "addressee": addressee.name or fixed["applicant"],
        "address": addressee.address,
        "subject": subject.label.in_(language),
        "text": given.content.text,
        "findings": [
            {
                "category": codes.categories[finding.category].label.in_(language),
                "outcome": codes.outcomes[finding.outcome].label.in_(language),
                "fact": finding.fact,
                "rule": finding.rule,
            }
            for finding in given.content.findings
        ],
        "next_steps": given.content.next_steps,
        "how_to_complain": given.content.how_to_complain,
        "signed": " ".join(filter(None, [role.lower(), given.author_name])),
        "code": grouped,
        "page": origin + PAGE,
        "qr": qr_code(f"{origin}{PAGE}?{urlencode({'code': code})}"),
    }


def in_groups(code: str) -> str:
    """Return a code in groups of digits, as it is printed."""
    return " ".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))
