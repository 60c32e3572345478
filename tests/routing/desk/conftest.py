from uuid import UUID

import pytest

from tests.routing.desk.support import Owners


@pytest.fixture
def owners(desk) -> Owners:
    owners = Owners(desk.texts.known)
    desk.foundation.local_apps |= {"intake": owners.app(), "provider-contact": owners.app()}
    return owners


@pytest.fixture
async def complaint(desk, owners) -> UUID:
    appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
    owners.asked.clear()
    return appeal_id
