"""TLS of PostgreSQL by the parameters of its URL, and a pooler that changes sessions."""

import ssl
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url

from engines import Authority
from shared.postgres import TransactionPooling, check_sessions, tls
from shared.settings import BadSettings, MissingSetting

SERVER = "postgresql://aryz:password@db.example:5432/aryz_intake"


@pytest.fixture
def files(tmp_path):
    authority = Authority()
    client = authority.issue("client")
    for name, content in {"ca.pem": authority.pem, "client.pem": client.chain, "client.key": client.key, "text.pem": b"text"}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def given(parameters=""):
    return tls(make_url(f"{SERVER}?{parameters}" if parameters else SERVER))


class TestTls:
    def test_nothing_is_changed_without_parameters(self):
        assert given() == {}

    @pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
    def test_modes_that_check_nothing_are_the_drivers_own(self, mode):
        assert given(f"sslmode={mode}") == {"ssl": mode}

    @pytest.mark.parametrize(("mode", "checks_name"), [("require", False), ("verify-ca", False), ("verify-full", True)])
    def test_an_authority_is_checked_and_the_name_as_well_with_verify_full(self, files, mode, checks_name):
        context = given(f"sslmode={mode}&sslrootcert={files / 'ca.pem'}")["ssl"]
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname is checks_name
        assert len(context.get_ca_certs()) == 1

    def test_a_certificate_of_the_client_is_shown(self, files):
        pair = f"sslcert={files / 'client.pem'}&sslkey={files / 'client.key'}"
        assert given(f"sslmode=verify-full&sslrootcert={files / 'ca.pem'}&{pair}")["ssl"].check_hostname
        assert given(f"sslmode=require&{pair}")["ssl"].verify_mode is ssl.CERT_NONE

    @pytest.mark.parametrize("name", ["absent.pem", "text.pem"])
    def test_a_file_that_cannot_be_used_is_named(self, files, name):
        with pytest.raises(MissingSetting, match=r"sslrootcert.*a file is missing or is not what it should be"):
            given(f"sslmode=verify-full&sslrootcert={files / name}")

    def test_files_without_a_mode_are_refused(self):
        with pytest.raises(MissingSetting, match="add sslmode=verify-full"):
            given("sslrootcert=ca.pem")

    def test_an_unknown_mode_is_refused(self):
        with pytest.raises(BadSettings, match="sslmode in ARYZ_DATABASE_URL has to be one of disable"):
            given("sslmode=verify")


class Pooled:
    """An engine whose statements are answered by the sessions of a list, one after the other."""

    def __init__(self, sessions):
        self._sessions = iter(sessions)

    def execution_options(self, **_options):
        return self

    @asynccontextmanager
    async def connect(self):
        yield self

    async def scalar(self, _query):
        return next(self._sessions)


class TestSessions:
    async def test_a_connection_that_keeps_its_session_is_accepted(self):
        await check_sessions(Pooled([1, 2, 1]))

    @pytest.mark.parametrize("sessions", [[1, 1, 2], [1, 2, 3]], ids=["given away", "changed"])
    async def test_a_connection_that_loses_it_is_refused(self, sessions):
        with pytest.raises(TransactionPooling, match="pool_mode = session"):
            await check_sessions(Pooled(sessions))
