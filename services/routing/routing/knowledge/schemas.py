from datetime import date

from pydantic import BaseModel


class MacroView(BaseModel):
    """A sentence that clerks put into answers. `body`: with `{{number}}`, `{{due_on}}` and `{{provider}}`, or their values for a case."""

    macro_id: str
    language: str
    title: str
    body: str


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
