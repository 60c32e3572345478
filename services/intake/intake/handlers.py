"""Which event goes to which handler of intake."""

from typing import Any, Final

from intake.channels.partner.service import feed
from intake.imports.handlers import mark_refused, remove_undone
from intake.notifications.policy import notified_events
from intake.notifications.service import planning
from intake.register.handlers import RULES, copy_providers, track
from intake.suggestions.handlers import copy_articles, remove_articles
from shared.contracts import ArticlePublished, ArticleRetired, ImportUndone, ImportUndoRefused, ProviderRecorded, appeal_events
from shared.messaging.handling import Batch, Handlers
from shared.unit_of_work import UnitOfWork


async def consume_own(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Record updates and plan notifications for what applicants did here; the commands themselves know of neither."""
    await feed.record_own(work, batch)
    await planning.plan_batch(work, batch)


_NOTIFIED: Final = frozenset(notified_events())
_FOREIGN: Final = frozenset(appeal_events(foreign_to="intake"))

HANDLERS: Final[Handlers] = {
    **dict.fromkeys((*RULES, *_NOTIFIED & _FOREIGN), track([feed.record_changes, planning.plan_changes])),
    **dict.fromkeys(_NOTIFIED - _FOREIGN, planning.plan_batch),
    **dict.fromkeys(feed.OWN, consume_own),
    ProviderRecorded: copy_providers,
    ImportUndone: remove_undone,
    ImportUndoRefused: mark_refused,
    ArticlePublished: copy_articles,
    ArticleRetired: remove_articles,
}
