"""What the desk tells the keepers of the articles: some are not offered any more, or soon will not be."""

from dataclasses import dataclass

from routing.desk.pages.reader import DeskReader
from routing.knowledge import service as knowledge
from routing.knowledge.codes import Attention
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ArticlesNote:
    """How many articles have expired, and how many expire soon."""

    expired: int
    expiring: int


async def articles_note(work: UnitOfWork, principal: Principal, reader: DeskReader) -> ArticlesNote | None:
    """Return the note for a keeper of the articles. None for anybody else, and if no article needs one."""
    if not principal.has(*knowledge.knowledge_policy().keepers):
        return None
    counts = await knowledge.attention_counts(work, knowledge.local_day(reader.now))
    note = ArticlesNote(counts[Attention.EXPIRED], counts[Attention.EXPIRING])
    return note if note.expired or note.expiring else None
