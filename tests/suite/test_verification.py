"""Every invariant is violated once, and `verify` has to detect it."""

import asyncio
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import obstore
import pytest
from obstore.store import MemoryStore

from shared.contracts import APPEALS, CONCERNS_PROVIDER
from shared.messaging.envelope import Envelope, extension_header
from shared.messaging.log import Record
from suite import process
from suite.demo.directory import as_csv, contacts_csv
from suite.tokens import issue
from suite.verification import NothingThere, stores, verify
from suite.verification.log_view import LogView, note_record
from tests.patience import PATIENCE, wait_until
from tests.traffic import TEXT, appeal_with_document

ANOTHER = "'00000000000000000000000000000001'"  # an id that no appeal has
TO_ANOTHER = "UPDATE inquiry SET appeal_id = (SELECT appeal_id FROM appeal WHERE category = 'EXTORTION')"
FORGET = "DELETE FROM record WHERE headers LIKE"
LEGACY = (
    '{"legacy_number": "1", "channel": "CALL_1414", "language": "ru", "kind": "CONSULTATION", "topic": "PAY_METHODS", "region": "KZ-43",'
    ' "received_at": "2025-02-03T06:00:00Z", "closed_at": "2025-02-04T06:00:00Z", "outcome": "EXPLAINED"}'
)


def _body(**more):
    return {"channel": "CALL_1414", "language": "ru", "region": "KZ-43", "text": "Тестовое обращение", "applicant": {}, **more}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Stores at rest: a question, a complaint that is with its provider, one that stays with the Fund, an imported appeal, a document."""
    folder = tmp_path_factory.mktemp("sound")
    with process.running(folder) as suite, httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http:
        as_admin, as_channel = ({"Authorization": f"Bearer {issue(folder, role)}"} for role in ("admin", "channel"))
        for path, content, kind in (
            ("/provider-contact/v1/providers/imports", as_csv(), "text/csv"),
            ("/provider-contact/v1/contacts/imports", contacts_csv(), "text/csv"),
            ("/intake/v1/imports", LEGACY, "application/x-ndjson"),
        ):
            assert http.post(path, content=content.encode(), headers={**as_admin, "Content-Type": kind}).json()["imported"]
        [provider, *_] = http.get("/provider-contact/v1/providers", params={"region": "KZ-43"}).json()["items"]
        named = {"provider": {"name": provider["name_ru"]}}
        for body in (
            _body(kind="CONSULTATION", topic="PAY_METHODS"),
            _body(kind="COMPLAINT", category="WAITING_QUEUE", **named),
            _body(kind="COMPLAINT", category="EXTORTION", **named),
        ):
            assert http.post("/intake/v1/appeals", json=body, headers=as_channel).status_code == httpx.codes.CREATED
        _until_two_are_matched(http, as_admin)
        _propose_and_promise(http, folder, as_admin)
        appeal_with_document(suite, TEXT)
        is_quiet, _ = asyncio.run(verify(folder))  # stopped earlier, events would be on their way for ever
        assert is_quiet
    if not asyncio.run(verify(folder, patience=0))[0]:  # a job, such as a delivery, published something at the very end
        with process.running(folder):
            assert asyncio.run(verify(folder))[0]
    return folder


def _propose_and_promise(http, folder, as_admin):
    """Let the provider propose a solution and promise something by tomorrow."""
    [inquiry] = http.get("/provider-contact/v1/inquiries", headers=as_admin).json()["items"]
    as_provider = {"Authorization": f"Bearer {issue(folder, 'provider', provider_id=inquiry['provider_id'])}"}
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    statement = {"language": "ru", "text": "Пациент записан"}
    for version, (action, more) in enumerate((("propose", {}), ("promise", {"due_on": tomorrow})), inquiry["version"]):
        path = f"/provider-contact/v1/inquiries/{inquiry['inquiry_id']}/actions/{action}"
        answer = http.post(path, json={"expected_version": version, **statement, **more}, headers=as_provider)
        assert answer.status_code == httpx.codes.OK, answer.text


def _until_two_are_matched(http, as_admin):
    wait_until(lambda: http.get("/provider-contact/v1/inquiries", headers=as_admin).json()["total"])


@pytest.fixture
def copy(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "copy")


async def _broken(folder):
    _, checks = await verify(folder, patience=0.2)
    return {check.name for check in checks if not check.holds}


class TestVerify:
    async def test_sound_stores_hold_every_promise(self, copy):
        is_quiet, checks = await verify(copy, patience=PATIENCE)
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds} == {}
        assert all(check.looked_at for check in checks)

    @pytest.mark.parametrize(
        ("store", "harm", "promise"),
        [
            ("analytics", "DELETE FROM fact WHERE imported = 0", "every appeal is counted"),
            ("analytics", f"UPDATE fact SET appeal_id = {ANOTHER} WHERE imported = 1", "no figure without its appeal"),
            ("analytics", "DELETE FROM transition WHERE rowid = 1", "every event of an appeal is a transition"),
            ("routing", "DELETE FROM appeal_case WHERE imported = 1", "every appeal has its case"),
            ("routing", "UPDATE appeal_case SET number = number || 'x'", "a case bears its appeal's number"),
            ("routing", f"UPDATE appeal_case SET follows = {ANOTHER} WHERE imported = 1", "a case follows an appeal that is known"),
            ("routing", "UPDATE appeal_case SET status = 'WITHDRAWN' WHERE imported = 0", "an appeal has ended alike everywhere"),
            ("analytics", "UPDATE fact SET status = 'RETURNED' WHERE imported = 1", "an appeal has ended alike everywhere"),
            ("routing", "DELETE FROM clock WHERE statutory", "every case has one statutory clock in force"),
            ("provider_contact", "DELETE FROM inquiry", "a complaint the provider should answer first is with it"),
            ("provider_contact", TO_ANOTHER, "no other appeal went to a provider"),
            ("provider_contact", "DELETE FROM appeal", "every appeal about a provider is known to provider contact"),
            ("intake", "UPDATE tracking SET due_at = '2026-01-01 00:00:00.000000' ", "a deadline is alike everywhere"),
            ("analytics", "UPDATE fact SET due_at = '2026-01-01 00:00:00.000000' WHERE imported = 0", "a deadline is alike everywhere"),
            ("intake", "DELETE FROM tracking", "every appeal can be tracked"),
            ("intake", "DELETE FROM provider_offer", "every proposal and promise is known to the applicant's side"),
            (
                "routing",
                "UPDATE appeal_case SET outcome = 'RESOLVED_ON_SPOT' WHERE imported = 0",
                "nothing is resolved on the spot without the applicant's word",
            ),
            ("provider_contact", "UPDATE commitment SET status = 'BROKEN'", "a broken promise reopens its case"),
            ("intake", "DELETE FROM provider WHERE region = 'KZ-43'", "every service knows the providers of the directory"),
            (
                "routing",
                f"UPDATE provider SET provider_id = {ANOTHER} WHERE rowid = 1",
                "every service knows the providers of the directory",
            ),
            ("analytics", "DELETE FROM provider", "every service knows the providers of the directory"),
            (
                "provider_contact",
                f"UPDATE contact SET provider_id = {ANOTHER} WHERE provider_id IS NOT NULL",
                "every contact, contract and doctor has its provider",
            ),
            ("provider_contact", f"UPDATE inquiry SET provider_id = {ANOTHER}", "every inquiry is to a provider of the directory"),
            (
                "provider_contact",
                f"INSERT INTO inquiry_assignment SELECT inquiry_id, provider_id, {ANOTHER}, {ANOTHER}, sent_at FROM inquiry",
                "no open inquiry is with somebody without access to it",
            ),
            ("intake", "DELETE FROM article WHERE code = 'referral'", "every published article is the same everywhere"),
            ("intake", "UPDATE article SET version = 7 WHERE code = 'referral'", "every published article is the same everywhere"),
            (
                "intake",
                "UPDATE article SET answers = replace(answers, '1', '2') WHERE code = 'status-check'",
                "every published article is the same everywhere",
            ),
            (
                "routing",
                "UPDATE article_version SET state = 'RETIRED' WHERE state = 'PUBLISHED' AND rowid % 7 = 0",
                "every published article is the same everywhere",
            ),
            (
                "routing",
                "UPDATE article_version SET published_digest = 'x' WHERE state = 'PUBLISHED'",
                "every published article is the same everywhere",
            ),
            ("intake", "DELETE FROM appeal WHERE pin IS NOT NULL", "no case without its appeal"),
            ("events", "DELETE FROM record WHERE topic = 'aryz.appeals.v1' AND \"offset\" = 0", "offsets of aryz.appeals.v1 without a gap"),
            ("events", f"{FORGET} '%appeal-registered%'", "every accepted appeal is registered in the log once"),
            ("events", f"{FORGET} '%article-published%'", "every published article is the same everywhere"),
            ("events", f"{FORGET} '%appeal-routed%'", "every accepted appeal is routed once"),
        ],
    )
    async def test_a_broken_promise_is_named(self, copy, store, harm, promise):
        with sqlite3.connect(copy / f"{store}.db") as file:
            assert file.execute(harm).rowcount > 0
        file.close()
        assert promise in await _broken(copy)

    async def test_an_answered_inquiry_with_somebody_without_access_is_named_because_its_answer_may_be_returned(self, copy):
        with sqlite3.connect(copy / "provider_contact.db") as file:
            file.execute("UPDATE inquiry SET settled = 1, closed_at = NULL")
            assign = f"INSERT INTO inquiry_assignment SELECT inquiry_id, provider_id, {ANOTHER}, {ANOTHER}, sent_at FROM inquiry"
            assert file.execute(assign).rowcount > 0
        file.close()
        assert "no open inquiry is with somebody without access to it" in await _broken(copy)

    async def test_a_parked_event_is_named(self, copy):
        with sqlite3.connect(copy / "routing.db") as file:
            file.execute("INSERT INTO dead_letter VALUES (1, 't', 0, 0, 'k', X'', X'', 'ValueError', 1, '2026-02-02 00:00:00')")
        file.close()
        assert "no event is parked" in await _broken(copy)

    async def test_a_reader_that_lags_is_not_quiet(self, copy):
        with sqlite3.connect(copy / "analytics.db") as file:
            file.execute("UPDATE consumer_offset SET next_offset = next_offset - 1")
        file.close()
        is_quiet, _ = await verify(copy, patience=0.2)
        assert not is_quiet

    @pytest.mark.parametrize("lost", ["objects", "objects/*/*"])
    async def test_a_lost_document_is_named(self, copy, lost):
        for path in copy.glob(lost):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert await _broken(copy) == {"every document of an appeal is there"}

    async def test_a_lost_file_of_a_provider_s_answer_is_named(self, copy):
        columns = {
            "id": "11" * 16, "state": "CLEAN", "declared": None, "kind": "PDF", "length": None, "size": 5, "pieces": '[["11/22", 5]]',
            "key": b"sealed", "name": None, "owner": None, "created_at": "2026-02-05 06:00:00.000000", "scan_attempts": 0,
            "scan_after": None, "inquiry_id": "22" * 16, "provider_id": "33" * 16, "response_id": None,
        }  # fmt: skip
        with sqlite3.connect(copy / "provider_contact.db") as file:
            names = ", ".join(columns)
            file.execute(f"INSERT INTO answer_file ({names}) VALUES ({', '.join('?' * len(columns))})", list(columns.values()))
        file.close()
        assert "every document of an appeal is there" not in await _broken(copy)  # it was not sent with an answer
        with sqlite3.connect(copy / "provider_contact.db") as file:
            file.execute("UPDATE answer_file SET response_id = ?", ["44" * 16])
        file.close()
        assert "every document of an appeal is there" in await _broken(copy)

    async def test_one_that_was_dropped_for_its_virus_is_not_lost(self, copy):
        with sqlite3.connect(copy / "intake.db") as file:
            assert file.execute("UPDATE attachment SET state = 'INFECTED'").rowcount == 1
        file.close()
        shutil.rmtree(copy / "objects")
        assert await _broken(copy) == set()

    async def test_documents_in_a_bucket_are_looked_for_there(self, copy, monkeypatch):
        in_bucket = MemoryStore()
        monkeypatch.setattr(stores, "store_of", lambda _settings: in_bucket)
        _, checks = await verify(copy, patience=0.2, objects_url="s3://documents")
        assert [check.name for check in checks if not check.holds] == ["every document of an appeal is there"]
        for path in (copy / "objects").glob("*/*"):
            await obstore.put_async(in_bucket, str(path.relative_to(copy / "objects")), path.read_bytes())
        _, checks = await verify(copy, patience=0.2, objects_url="s3://documents")
        assert all(check.holds for check in checks)

    async def test_a_bucket_that_does_not_answer_is_reported(self, copy, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            monkeypatch.setenv(name, "synaq")
        with pytest.raises(NothingThere, match="ARYZ_OBJECTS_URL"):
            await verify(copy, objects_url="s3://documents")

    async def test_an_empty_folder_is_refused(self, tmp_path):
        with pytest.raises(NothingThere):
            await verify(tmp_path)


class TestCopies:
    """Kafka keeps what a relay sends twice: no fault, as long as both say the same and are counted once."""

    @pytest.fixture
    def record(self):
        told = Envelope(uuid4(), "kz.aryz.intake.appeal-rated.v1", datetime.now(UTC), "a", uuid4(), None, None, b"{}")
        return Record(APPEALS, 0, 0, "a", tuple(told.headers), told.value)

    def test_the_same_twice_is_counted_once(self, record):
        view = LogView()
        for offset in (0, 1):
            note_record(view, record._replace(offset=offset))
        assert (view.records, view.appeal_events, view.unlike) == (2, 1, [])

    @pytest.mark.parametrize("other", [{"value": b"{ }"}, {"key": "b"}, {"topic": "aryz.providers.v1"}])
    def test_a_copy_that_says_another_thing_is_named(self, record, other):
        view = LogView()
        note_record(view, record)
        note_record(view, record._replace(offset=1, **other))
        assert len(view.unlike) == 1

    def test_a_copy_of_an_earlier_version_may_lack_an_extension_attribute(self, record):
        view = LogView()
        note_record(view, record)
        note_record(view, record._replace(offset=1, headers=(*record.headers, extension_header(CONCERNS_PROVIDER, value=False))))
        assert view.unlike == []
