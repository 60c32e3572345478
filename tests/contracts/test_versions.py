"""A breaking change is a new version with an upcaster: readers handle the newest alone, the log stays as it was written."""

from uuid import uuid4

import pytest

from shared.contracts import event as contracts
from shared.contracts import fact_of, newest, newest_type, upcaster
from shared.contracts.event import AppealEvent


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    """Versions that are declared in a test are forgotten after it."""
    monkeypatch.setattr(contracts, "REGISTRY", {})
    monkeypatch.setattr(contracts, "UPCASTERS", {})


@pytest.fixture
def versions():
    class Praised1(AppealEvent, service="routing", fact="case-praised"):
        stars: int

    class Praised2(AppealEvent, service="routing", fact="case-praised", version=2):
        percent: int

    class Praised3(AppealEvent, service="routing", fact="case-praised", version=3):
        percent: int
        by: str

    return Praised1, Praised2, Praised3


@pytest.fixture
def chained(versions):
    one, two, three = versions
    upcaster(one, two)(lambda old: two(appeal_id=old.appeal_id, percent=old.stars * 20))
    upcaster(two, three)(lambda old: three(appeal_id=old.appeal_id, percent=old.percent, by="nobody-said"))
    return versions


class TestUpcaster:
    def test_the_oldest_version_reads_as_the_newest(self, chained):
        one, _, three = chained
        appeal_id = uuid4()
        assert newest(one(appeal_id=appeal_id, stars=4)) == three(appeal_id=appeal_id, percent=80, by="nobody-said")
        assert newest_type(one.TYPE) == three.TYPE

    def test_the_newest_stays_as_it_is(self, chained):
        last = chained[2](appeal_id=uuid4(), percent=1, by="head")
        assert newest(last) is last

    def test_a_version_becomes_one_other_and_only_of_the_same_fact(self, chained):
        one, two, three = chained
        with pytest.raises(TypeError, match="twice"):
            upcaster(one, three)(lambda old: old)

        class Blamed(AppealEvent, service="routing", fact="case-blamed"):
            pass

        with pytest.raises(TypeError, match="does not become"):
            upcaster(Blamed, two)(lambda old: old)

    def test_a_fact_is_a_type_without_its_version(self):
        assert fact_of("kz.aryz.provider-contact.inquiry-sent.v12") == "kz.aryz.provider-contact.inquiry-sent"
