"""Published articles for tests: synthetic ones, and those of routing's file."""

from datetime import UTC, date, datetime
from uuid import UUID

from shared.contracts import ArticlePublished, ArticleRetired

QUESTION = "МРТ-ға тегін түсу үшін жолдаманы қайдан аламын?"
QUESTION_RU = "Подскажите, где взять направление на бесплатную МРТ?"
CANARY = "zhasyryn-belgi-7341"
"""A word of a question that must be found in no file afterwards."""


def article(number=1, **changes):
    """Return the event of a published article about referrals."""
    fields = {
        "article_id": UUID(int=7000 + number),
        "code": f"referral-{number}",
        "version": 1,
        "topic": "REFERRAL",
        "category": None,
        "questions": {"kk": "Жолдаманы қалай аламын?", "ru": "Как получить направление?"},
        "answers": {"kk": "Жолдаманы тіркелген емхананың дәрігері береді.", "ru": "Направление даёт врач поликлиники прикрепления."},
        "synonyms": {"kk": ["МРТ жолдамасы"], "ru": ["направление на МРТ"]},
        "how_to_complain": {"kk": "1414", "ru": "1414"},
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "source": "a test",
        "published_at": datetime(2026, 1, 5, 5, 0, tzinfo=UTC),
    }
    return ArticlePublished(**(fields | changes))


def retired(number=1):
    return ArticleRetired(
        article_id=UUID(int=7000 + number), code=f"referral-{number}", version=1, retired_at=datetime(2026, 2, 1, tzinfo=UTC)
    )
