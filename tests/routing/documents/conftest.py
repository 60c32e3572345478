from uuid import UUID

import pytest

from tests.routing.desk.support import Owners, send, session
from tests.routing.documents.support import FULL_ANSWER


@pytest.fixture
def owners(desk) -> Owners:
    owners = Owners(desk.texts.known)
    desk.foundation.local_apps |= {"intake": owners.app(), "provider-contact": owners.app()}
    return owners


@pytest.fixture
async def answered(desk, owners) -> UUID:
    """A complaint with an answer by a named clerk."""
    appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT", number="2026-43-0000017-4")
    clerk = session(desk, subject="clerk-8", name="Сынақ Арман")
    assert (await send(desk, appeal_id, "answer", clerk, **FULL_ANSWER)).status_code == 303
    owners.asked.clear()
    return appeal_id
