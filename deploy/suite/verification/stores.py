"""The data that the checks read: the log and the four stores, through the services' own models, never written."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from sqlalchemy import Select, Table, func, select

import analytics.facts.models
import intake.register.models
import provider_contact.commitments.models
import provider_contact.inquiries.models
import provider_contact.proposals.models
import routing.cases.models
import routing.clocks.models
from routing.clocks.codes import ClockState
from shared.clock import SystemClock
from shared.contracts import (
    APPEALS,
    TOPICS,
)
from shared.database import Database, service_url
from shared.database_start import is_migrated
from shared.files.settings import FileSettings
from shared.files.storage import FOLDER, store_of
from shared.ids import RandomIds
from shared.messaging import inbox, tables
from shared.messaging.log import EventLog, Position
from shared.service import event_log
from suite.members import Member, members
from suite.verification.articles import ArticlesView, read_articles
from suite.verification.directory import DirectoryView, read_directory
from suite.verification.documents import read_documents
from suite.verification.log_view import LogView, note_record

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class NothingThere(ValueError):
    """There is no data of a suite where the settings point."""


@dataclass(frozen=True)
class CaseRow:
    number: str
    imported: bool
    closed_at: datetime | None
    follows: UUID | None
    outcome: str | None
    proposals: Mapping[str, str] | None
    """What became of the proposals about the case, as the case sees it."""


@dataclass(frozen=True)
class Snapshot:
    log: LogView
    keeps_copies: bool
    """Whether the log may contain an event more than once."""
    appeals: Mapping[UUID, tuple[str, bool]]
    """The number of each appeal and whether it was imported."""
    tracked: set[UUID]
    timeline: set[UUID]
    cases: Mapping[UUID, CaseRow]
    clocks: Mapping[UUID, list[str]]
    """The states of the statutory clocks of each case."""
    deadlines: Mapping[str, Mapping[UUID, datetime]]
    """The statutory deadline of each case by service; of routing those of the clocks that were published."""
    facts: Mapping[UUID, bool]
    statuses: Mapping[str, Mapping[UUID, str]]
    """The status of each appeal by service."""
    transitions: int
    transition_appeals: set[UUID]
    contacts: set[UUID]
    inquiries: Counter[UUID]
    proposals: Mapping[UUID, tuple[UUID, str]]
    """The appeal and the status of each proposal of a provider."""
    commitments: Mapping[UUID, tuple[UUID, str]]
    """The appeal and the status of each promise of a provider."""
    offers: set[UUID]
    """The proposals and promises of which the applicant's side knows."""
    dead_letters: Mapping[str, int]
    waiting: Mapping[str, int]
    """Rows left in the outboxes."""
    documents: Mapping[UUID, set[str]]
    """The objects that contain each file of an appeal."""
    objects: set[str]
    """The objects that exist."""
    directory: DirectoryView
    articles: ArticlesView


@dataclass
class Stores:
    log: EventLog
    databases: dict[str, Database]
    topics: dict[str, tuple[str, ...]]
    keeps_copies: bool
    """Whether the log stores an event that is sent twice as two records: Kafka does, the embedded log does not."""
    objects: "ObjectStore | None"
    """The store of the appeals' files. None if there is no folder of them."""

    @classmethod
    async def open(cls, data: Path, **given: Any) -> "Stores":
        """Open the stores of the environment's settings, overridden by `given`. Raises NothingThere, LogError and DatabaseUnreachable."""
        clock, ids = SystemClock(), RandomIds()
        services = members(data, **given)
        settings = services[0].settings
        if settings.kafka_bootstrap is None and not (data / "events.db").exists():
            raise NothingThere(f"there is no data at {data}; start `aryz up` first, or name the folder with --data")
        databases = {
            each.service.name: Database(
                service_url(each.settings.database_url, data, each.service.name, each.settings.prefix),
                service=each.service.name,
                clock=clock,
                ids=ids,
            )
            for each in services
        }
        topics = {each.service.name: tuple(each.service.topics) for each in services}
        files = next(each.settings for each in services if isinstance(each.settings, FileSettings))
        objects = store_of(files) if files.objects_url is not None or (data / FOLDER).is_dir() else None
        stores = cls(event_log(settings), databases, topics, keeps_copies=settings.kafka_bootstrap is not None, objects=objects)
        try:
            if settings.database_url:
                await stores.check_there(services)
            await stores.log.start()
        except BaseException:
            await stores.close()
            raise
        return stores

    async def check_there(self, services: Sequence[Member]) -> None:
        """Raise NothingThere if the server has no database of the suite, DatabaseUnreachable if it does not answer."""
        for each in services:
            if not await is_migrated(each.service, self.databases[each.service.name]):
                name = each.service.name
                raise NothingThere(f"{name} has no migrated database on the server; are ARYZ_DATABASE_URL and ARYZ_PREFIX right?")

    async def close(self) -> None:
        for database in self.databases.values():
            await database.close()
        await self.log.stop()

    async def ends(self) -> Mapping[Position, int]:
        """Return the current ends of the log."""
        topics = {topic for each in self.topics.values() for topic in each}
        return {(topic, partition): end for topic in sorted(topics) for partition, end in (await self.log.end_offsets(topic)).items()}

    async def is_quiet(self) -> bool:
        """Return whether all outboxes are empty and every consumer is at the log's end."""
        if any((await self._outboxes()).values()):
            return False
        ends = await self.ends()
        for name, database in self.databases.items():
            async with database.read() as session:
                stored = {(row.topic, row.partition): row.next_offset for row in await inbox.stored_offsets(session)}
            if any(stored.get(position, 0) != end for position, end in ends.items() if position[0] in self.topics[name]):
                return False
        return not any((await self._outboxes()).values())

    async def snapshot(self) -> Snapshot:
        log = await self._read_log()
        appeal = _table(intake.register.models.Appeal)
        case, clock = _table(routing.cases.models.AppealCase), _table(routing.clocks.models.CaseClock)
        fact, transition = _table(analytics.facts.models.Fact), _table(analytics.facts.models.Transition)
        inquiry, contact = _table(provider_contact.inquiries.models.Inquiry), _table(provider_contact.inquiries.models.Appeal)
        tracking = _table(intake.register.models.Tracking)
        deadlines = {
            "intake": dict(await self._rows("intake", select(tracking.c.appeal_id, tracking.c.due_at))),
            "analytics": dict(await self._rows("analytics", select(fact.c.appeal_id, fact.c.due_at))),
            "routing": dict[UUID, datetime](),
        }
        clocks: defaultdict[UUID, list[str]] = defaultdict(list)
        columns = (clock.c.appeal_id, clock.c.state, clock.c.due_at, clock.c.started_at, clock.c.stopped_at)
        for appeal_id, state, due_at, started_at, stopped_at in await self._rows("routing", select(*columns).where(clock.c.statutory)):
            clocks[appeal_id].append(state)
            if state != ClockState.REPLACED and stopped_at != started_at:  # settled in the contact: met at once, and published by nobody
                deadlines["routing"][appeal_id] = due_at
        appeals = await self._rows("intake", select(appeal.c.id, appeal.c.number, appeal.c.pin.is_(None)))
        cases = await self._rows("routing", select(*(case.c[name] for name in _CASE_COLUMNS)))
        proposal, commitment = _table(provider_contact.proposals.models.Proposal), _table(provider_contact.commitments.models.Commitment)
        proposals = await self._rows("provider-contact", select(proposal.c.proposal_id, proposal.c.appeal_id, proposal.c.status))
        commitments = await self._rows("provider-contact", select(commitment.c.commitment_id, commitment.c.appeal_id, commitment.c.status))
        offer = _table(intake.register.models.ProviderOffer)
        documents = await read_documents(self._rows)
        objects = await self._object_names()
        still = await read_documents(self._rows)
        return Snapshot(
            log=log,
            keeps_copies=self.keeps_copies,
            appeals={row[0]: (row[1], row[2]) for row in appeals},
            tracked=await self._ids("intake", _table(intake.register.models.Tracking)),
            timeline=await self._ids("intake", _table(intake.register.models.Timeline)),
            cases={row[0]: CaseRow(*row[1:]) for row in cases},
            clocks=clocks,
            deadlines=deadlines,
            facts={row[0]: row[1] for row in await self._rows("analytics", select(fact.c.appeal_id, fact.c.imported))},
            statuses={
                service: dict(await self._rows(service, select(table.c.appeal_id, table.c.status)))
                for service, table in {"intake": _table(intake.register.models.Tracking), "routing": case, "analytics": fact}.items()
            },
            transitions=await self._count("analytics", transition),
            transition_appeals=await self._ids("analytics", transition),
            contacts=await self._ids("provider-contact", contact),
            inquiries=Counter(row[0] for row in await self._rows("provider-contact", select(inquiry.c.appeal_id))),
            proposals={row[0]: (row[1], row[2]) for row in proposals},
            commitments={row[0]: (row[1], row[2]) for row in commitments},
            offers={row[0] for row in await self._rows("intake", select(offer.c.id))},
            dead_letters={name: await self._count(name, tables.dead_letter) for name in self.databases},
            waiting=await self._outboxes(),
            documents={file: names for file, names in documents.items() if file in still},
            objects=objects,
            directory=await read_directory(self._rows),
            articles=await read_articles(self._rows, log.articles),
        )

    async def _object_names(self) -> set[str]:
        if self.objects is None:
            return set()
        try:
            return {one["path"] async for page in obstore.list(self.objects) for one in page}
        except BaseError as error:
            reason = str(error).partition("\n")[0]
            raise NothingThere(f"the files of appeals cannot be listed; are ARYZ_OBJECTS_URL and AWS_… right? {reason}") from None

    async def _ids(self, service: str, table: Table) -> set[UUID]:
        """Return the ids of appeals in a table."""
        return {row[0] for row in await self._rows(service, select(table.c.appeal_id).distinct())}

    async def _outboxes(self) -> dict[str, int]:
        return {name: await self._count(name, tables.outbox) for name in self.databases}

    async def _count(self, service: str, table: Table) -> int:
        return int((await self._rows(service, select(func.count()).select_from(table)))[0][0])

    async def _rows(self, service: str, query: Select[Any]) -> list[tuple[Any, ...]]:
        async with self.databases[service].read() as session:
            return [tuple(row) for row in await session.execute(query)]

    async def _read_log(self) -> LogView:
        view = LogView()
        for topic in TOPICS:
            async for page in self.log.scan(topic):
                for record in page:
                    position = (record.topic, record.partition)
                    if record.offset != view.ends[position] and topic == APPEALS:  # the other topic may be compacted
                        view.gaps.append(f"{record.topic}/{record.partition} at {record.offset}")
                    view.ends[position] = record.offset + 1
                    note_record(view, record)
        return view


def _table(model: Any) -> Table:
    return cast("Table", model.__table__)  # SQLModel does not declare it


_CASE_COLUMNS = ("appeal_id", "number", "imported", "closed_at", "follows", "outcome", "proposals")
