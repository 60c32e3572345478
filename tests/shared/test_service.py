import pytest

from shared import database_start
from shared.clock import SystemClock
from shared.database import Database
from shared.database_start import DatabaseUnreachable, is_migrated
from shared.errors import Unavailable
from shared.ids import RandomIds
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.kafka import KafkaLog
from shared.service import Foundation, Service, event_log
from shared.settings import MissingSetting, ServiceSettings

SERVICE = Service(name="routing", package="routing", title="Routing", handlers={})


class TestEventLog:
    def test_without_a_broker_it_is_the_embedded_one(self, tmp_path):
        assert isinstance(event_log(ServiceSettings(data=tmp_path)), EmbeddedLog)

    def test_with_a_broker_it_is_kafka(self, tmp_path):
        assert isinstance(event_log(ServiceSettings(data=tmp_path, kafka_bootstrap="127.0.0.1:1")), KafkaLog)


class TestFoundation:
    async def test_a_service_is_asked_where_its_address_says(self, tmp_path):
        foundation = Foundation.build(ServiceSettings(data=tmp_path, intake_url="http://127.0.0.1:1"))
        assert foundation.client_for("intake").base_url == "http://127.0.0.1:1"
        await foundation.stop()

    async def test_a_service_without_an_address_is_not_available(self, tmp_path):
        foundation = Foundation.build(ServiceSettings(data=tmp_path))
        with pytest.raises(Unavailable):
            foundation.client_for("intake")
        await foundation.stop()

    @pytest.mark.parametrize("given", [{}, {"oidc_jwks_url": "https://example.org/keys"}])
    async def test_half_an_identity_provider_is_named(self, tmp_path, given):
        with pytest.raises(MissingSetting, match="ARYZ_OIDC_"):
            Foundation.build(ServiceSettings(data=tmp_path, oidc_issuer="https://example.org", **given)).service_tokens("routing")


class TestIsMigrated:
    async def test_an_unavailable_database_is_reported_with_its_setting(self, monkeypatch):
        monkeypatch.setattr(database_start, "START_SECONDS", 0.0)
        database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", service="routing", clock=SystemClock(), ids=RandomIds())
        with pytest.raises(DatabaseUnreachable, match="ARYZ_DATABASE_URL"):
            await is_migrated(SERVICE, database)
        await database.close()
