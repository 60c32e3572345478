"""Whether the suite works again: appeals sent for the purpose, and the services' databases asked for them."""

import asyncio
from itertools import count

from sqlalchemy import select

import analytics.facts.models
import intake.register.models
import provider_contact.inquiries.models
import routing.cases.models
from shared.clock import SystemClock
from shared.contracts import PARTITIONS
from shared.database import Database, service_url
from shared.database_errors import is_transient
from shared.ids import RandomIds
from shared.messaging.log import partition_of
from suite.demo import directory
from suite.processes import SERVICES
from tests.chaos.senders import complaint

AT_ONCE = 4
POLL_SECONDS = 0.1

_tracking, _fact = intake.register.models.Tracking, analytics.facts.models.Fact
_case, _inquiry = routing.cases.models.AppealCase, provider_contact.inquiries.models.Inquiry
KNOWN = {
    "intake": (_tracking.appeal_id, _tracking.tier.is_not(None), _tracking.provider_id.is_not(None)),
    "routing": (_case.appeal_id, _case.provider_id.is_not(None)),
    "provider-contact": (_inquiry.appeal_id,),
    "analytics": (_fact.appeal_id, _fact.routed_at.is_not(None), _fact.provider_id.is_not(None)),
}
"""A complaint whose provider was named in words is known when it is routed, its provider matched and asked, and all of that counted: every
service has then read the others' events and carried its own."""


class Probes:
    """Complaints, one accepted for each partition of the log, so that every partition's reader has to be at work."""

    def __init__(self, senders, database_url, data, prefix):
        self._senders = senders
        self._providers = directory.providers()
        self._places = count()
        self._databases = {
            service: Database(service_url(database_url, data, service, prefix), service=service, clock=SystemClock(), ids=RandomIds())
            for service in SERVICES
        }

    async def close(self):
        for database in self._databases.values():
            await database.close()

    async def pass_through(self):
        """Send from now on; returns when there is one for each partition and all services know them."""
        chosen = {}

        async def one_after_another():
            while len(chosen) < PARTITIONS:
                place = next(self._places)
                provider = self._providers[place % len(self._providers)]
                receipt = await self._senders.send(f"probe-{place}", complaint(place, provider.name_ru, provider.region))
                chosen.setdefault(partition_of(receipt["appeal_id"]), receipt["appeal_id"])

        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
        await asyncio.gather(*(self._known(service, set(chosen.values())) for service in SERVICES))

    async def _known(self, service, wanted):
        appeal_id, *conditions = KNOWN[service]
        query = select(appeal_id).where(appeal_id.in_(wanted), *conditions)
        while True:
            try:
                async with self._databases[service].read() as session:
                    if len(set((await session.execute(query)).scalars())) == len(wanted):
                        return
            except Exception as error:
                if not is_transient(error):
                    raise
            await asyncio.sleep(POLL_SECONDS)
