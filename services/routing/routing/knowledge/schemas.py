from datetime import date

from pydantic import BaseModel


class ArticleView(BaseModel):
    """An answer of the first tier. `language` differs from the one requested if the article is not written in that one."""

    id: str
    topic: str | None
    category: str | None
    language: str
    question: str
    answer: str
    how_to_complain: str
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool
