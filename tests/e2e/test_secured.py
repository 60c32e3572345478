"""The services as processes on secured engines: Kafka with TLS and SCRAM, PostgreSQL with TLS through PgBouncer, S3 with signatures."""

import asyncio
import json
import os
import re
import shutil
import ssl
import subprocess
import sys

import asyncpg
import httpx
import pytest
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rich.console import Console

from shared.contracts import APPEALS
from shared.messaging.kafka import KafkaLog
from shared.settings import ServiceSettings
from suite import throwaway
from suite.backup import RestoreRefused, backup, restore
from suite.verification import verify
from tests.e2e.test_one_appeal import TestAnAppeal, closed, provider_id, receipt  # noqa: F401 - the journey is made here once more
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.secured import PREFIX, SecuredEngines, environment
from tests.security.deployed import attack_headers, attack_roles, deployed, every_call, fuzz_of, people_of
from tests.started import started
from tests.traffic import TEXT, appeal_with_document, under_traffic

WRONG = "Secret!"
QUIET = Console(quiet=True)
DELETED = "every document of an appeal is there"  # the check of those that a test has deleted
SEED = 20_261_201
SHARE = 16  # one in so many operations is fuzzed
LEAST_CALLS, LEAST_REQUESTS = 500, 200

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    with started(SecuredEngines(tmp_path_factory.mktemp("secured"))) as engines:
        yield engines


@pytest.fixture(scope="module")
def running(engines, tmp_path_factory):
    with deployed(engines, tmp_path_factory.mktemp("secured-data")) as running:
        yield running


@pytest.fixture(scope="module")
def people(running):
    with people_of(running) as people:
        yield people


@pytest.fixture(scope="module")
def suite(people):
    return people.suite


class TestADocument:
    def test_it_is_sealed_in_the_bucket_and_read_from_there(self, suite, engines):
        document = appeal_with_document(suite, TEXT)
        stored = [each for each in (engines.objects.objects / "appeals").rglob("*") if each.is_file()]
        assert stored
        assert all(TEXT not in each.read_bytes() for each in stored)
        assert not (suite.data / "objects").exists()
        assert document.read(suite) == TEXT
        for each in stored:
            each.unlink()
        gone = httpx.get(f"{suite.url}{document.path}", headers={"Appeal-Pin": document.pin}, timeout=PATIENCE, trust_env=False)
        assert not gone.is_success, "the document is kept elsewhere too"


class TestEverything:
    def test_every_promise_holds(self, closed, running, engines):  # noqa: F811 - pytest's way of naming fixtures
        assert closed
        with environment(engines.settings):
            is_quiet, checks = asyncio.run(verify(running.data))
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds and check.name != DELETED} == {}

    def test_every_session_of_the_server_is_encrypted_and_the_services_connect_through_the_pooler(self, running, engines):
        assert running
        sessions = asyncio.run(_sessions(engines))
        assert len([session for session in sessions if session["application_name"].startswith("aryz ")]) >= 4
        assert all(session["ssl"] for session in sessions)

    def test_no_log_contains_a_password(self, running, engines):
        logs = [each.log.read_text() for each in running.all]
        assert all(logs)
        assert not any(secret in log for secret in engines.secrets for log in logs)


async def _sessions(engines):
    server = await asyncpg.connect(f"{engines.over_tls(engines.postgres.url + '/postgres')}")
    try:
        return await server.fetch("SELECT application_name, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE client_port > 0")
    finally:
        await server.close()


class TestKafkaByCertificate:
    async def test_a_client_with_a_certificate_needs_no_password(self, receipt, engines, tmp_path):  # noqa: F811
        assert receipt
        (tmp_path / "client.pem").write_bytes(engines.client.chain)
        (tmp_path / "client.key").write_bytes(engines.client.key)
        settings = ServiceSettings(
            prefix=PREFIX,
            kafka_bootstrap=engines.kafka.mutual_bootstrap,
            kafka_security_protocol="SSL",
            kafka_ca_file=engines.ca,
            kafka_cert_file=tmp_path / "client.pem",
            kafka_key_file=tmp_path / "client.key",
        )
        log = KafkaLog.from_settings(settings)
        await log.start()
        try:
            assert [record async for page in log.scan(APPEALS) for record in page]
        finally:
            await log.stop()

    async def test_a_client_without_one_is_refused(self, engines):
        host, _, port = engines.kafka.mutual_bootstrap.partition(":")
        trusting = ssl.create_default_context(cafile=engines.ca)
        with pytest.raises(KafkaConnectionError):
            await create_conn(host, int(port), ssl_context=trusting, security_protocol="SSL")


class TestSignatures:
    def test_a_request_that_was_changed_on_its_way_is_refused(self, engines):
        with httpx.Client(base_url=engines.objects.endpoint, verify=ssl.create_default_context(cafile=engines.ca), trust_env=False) as http:
            path, body = f"/{engines.objects.bucket}/signed", b"sealed"
            signed = _signed(engines, path, body)
            assert http.put(path, content=b"change", headers=signed).status_code in {400, 403}
            assert http.put(f"{path}-elsewhere", content=body, headers=signed).status_code == 403
            assert http.put(path, content=body, headers={"Content-Length": "6"}).status_code == 403
            assert not (engines.objects.objects / "signed").exists()
            assert http.put(path, content=body, headers=signed).status_code == 200
            assert (engines.objects.objects / "signed").read_bytes() == body


def _signed(engines, path, body):
    request = AWSRequest("PUT", engines.objects.endpoint + path, data=body)
    S3SigV4Auth(Credentials(engines.objects.identity, engines.objects.secret), "s3", "kz-1").add_auth(request)
    return dict(request.headers)


@pytest.fixture(scope="module")
def transactions(engines, tmp_path_factory):
    """PgBouncer in the mode that the product refuses."""
    with engines.pooler(tmp_path_factory.mktemp("transactions") / "pooler", mode="transaction") as pooler:
        yield pooler


@pytest.fixture(scope="module")
def mistakes(running, engines, transactions):
    """What is changed in the settings, and what the sentence says."""
    assert running

    def with_password(url):
        role, _, host = url.rpartition("@")
        return f"{role.rpartition(':')[0]}:{WRONG}@{host}"

    pooled, direct = engines.pooled_url, engines.postgres.url
    database = {
        engines.over_tls(with_password(pooled)): "refuses role and password: correct them in ARYZ_DATABASE_URL",
        engines.over_tls(with_password(direct)): "refuses role and password: correct them in ARYZ_DATABASE_URL",
        engines.over_tls(pooled, engines.stranger): "certificate of the database is not accepted.*sslrootcert",
        f"{pooled}?sslmode=disable": "accepts TLS alone: add sslmode=verify-full",
        f"{direct}?sslmode=disable": "accepts TLS alone: add sslmode=verify-full",
        engines.over_tls(pooled, engines.folder / "absent.pem"): "sslrootcert.*a file is missing",
        engines.over_tls(transactions.url): "pool_mode = session",
    }
    kafka = [
        ({"ARYZ_KAFKA_SASL_PASSWORD": WRONG}, "Kafka at .* refuses ARYZ_KAFKA_SASL_USERNAME with ARYZ_KAFKA_SASL_PASSWORD"),
        ({"ARYZ_KAFKA_CA_FILE": str(engines.stranger)}, "Kafka at .* certificate is not accepted.*ARYZ_KAFKA_CA_FILE"),
        ({"ARYZ_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT", "ARYZ_KAFKA_CA_FILE": None}, r"ARYZ_KAFKA_SECURITY_PROTOCOL \(PLAINTEXT\)"),
    ]
    objects = [
        ({"AWS_SECRET_ACCESS_KEY": WRONG}, r"refuses this process \(SignatureDoesNotMatch\): see AWS_ACCESS_KEY_ID"),
        ({"ARYZ_OBJECTS_CA_FILE": str(engines.stranger)}, "certificate of the object store is not accepted: see ARYZ_OBJECTS_CA_FILE"),
        ({"ARYZ_OBJECTS_URL": "s3://absent"}, r"no such bucket \(NoSuchBucket\): see ARYZ_OBJECTS_URL"),
        ({"AWS_ENDPOINT_URL": "http://objects.example"}, "AWS_ENDPOINT_URL is not encrypted: use https://"),
    ]
    return [({"ARYZ_DATABASE_URL": url}, said) for url, said in database.items()] + kafka + objects


class TestRefusals:
    """A worker that an engine refuses ends with one sentence, which names the setting and contains no secret."""

    def test_each_mistake_ends_the_worker_with_what_to_do(self, mistakes, engines, suite):
        command = [sys.executable, "-m", "tests.shared.commands_in_turn", "intake"]
        given = os.environ | engines.settings | {"ARYZ_DATA": str(suite.data)}
        changes = json.dumps([change for change, _ in mistakes])
        done = subprocess.run(command, env=given, input=changes, capture_output=True, text=True, timeout=LONG_PATIENCE, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        sentences = [str(ending) for ending in json.loads(done.stdout)]
        for sentence, (change, said) in zip(sentences, mistakes, strict=True):
            assert re.match(f"intake: .*{said}", sentence), (sentence, list(change))
        assert "Traceback" not in done.stderr
        assert not any(secret in done.stdout + done.stderr for secret in [*engines.secrets, WRONG])


class TestAttack:
    """A part of the scripted attack on the processes behind the front; `make attack-deployed` runs the whole of it."""

    def test_every_call_answers_as_the_matrix_of_roles_says(self, people, tmp_path):
        asked, faults = asyncio.run(attack_roles(people, every_call(tmp_path), whole=False))
        assert asked > LEAST_CALLS
        assert not faults, "\n".join(faults)

    def test_long_headers_break_nothing(self, people):
        asked, faults = attack_headers(people, step=0)
        assert asked > 0
        assert not faults, "\n".join(faults)

    def test_whatever_is_sent_the_answer_is_as_the_document_says(self, people, running):
        with fuzz_of(people, SEED) as fuzz:
            fuzz.round(share=SHARE)
        assert fuzz.report.requests >= LEAST_REQUESTS, str(fuzz.report)
        assert not fuzz.report.failures, str(fuzz.report)
        running.check()


class TestLossAndRestore:
    def test_a_backup_taken_under_traffic_brings_everything_back_after_the_loss_of_databases_log_and_keys(
        self, running, suite, engines, tmp_path
    ):
        document = appeal_with_document(suite, TEXT)
        before: list[str] = []

        def make_backup(acknowledged):
            before.extend(acknowledged)
            with environment(engines.direct_settings):
                backup(tmp_path / "backup", running.data, with_keys=True, console=QUIET)

        under_traffic(suite, make_backup)
        assert set(running.stop().values()) == {0}
        with environment(engines.direct_settings), pytest.raises(RestoreRefused, match="and PgBouncer in front of the server"):
            restore(tmp_path / "backup", running.data, replace=True, console=QUIET)
        engines.pgbouncer.stop()
        with environment(engines.direct_settings):
            with throwaway.prefix(ServiceSettings(data=running.data)):  # databases and topics are lost
                pass
            shutil.rmtree(running.data / "keys")
            restore(tmp_path / "backup", running.data, replace=False, console=QUIET)
        engines.pgbouncer.start()
        running.start()
        assert document.read(suite) == TEXT
        with environment(engines.settings):
            is_quiet, checks = asyncio.run(verify(running.data))
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds and check.name != DELETED} == {}
        assert set(before) <= set(asyncio.run(_numbers(engines)))


async def _numbers(engines):
    server = await asyncpg.connect(engines.over_tls(f"{engines.postgres.url}/{PREFIX}_aryz_intake"))
    try:
        return [row["number"] for row in await server.fetch("SELECT number FROM appeal")]
    finally:
        await server.close()
