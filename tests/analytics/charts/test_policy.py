import pytest

from analytics.charts import policy
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError

TILES = "# source: a test\ncode,column,row,kk,ru,en\n"


@pytest.fixture
def fresh():
    """Empty the cache around a test, so that it reads changed files."""
    policy.tiles.cache_clear()
    yield
    policy.tiles.cache_clear()


@pytest.mark.usefixtures("fresh")
class TestTiles:
    def test_every_region_has_a_tile(self):
        policy.check_policies()
        assert len(policy.tiles()) == len(regions()) - 1

    @pytest.mark.parametrize(
        ("rows", "problem"),
        [
            ("KZ-43,2,4,Қ,К,K\n", "the regions are not those"),
            ("KZ-43,2,4,Қ,К,K\nKZ-27,2,4,Б,З,W\n", "two regions have one position"),
            ("KZ-43,2,4,Қызылорда,К,K\nKZ-27,2,3,Б,З,W\n", "the name of KZ-43 does not fit"),
        ],
    )
    def test_a_wrong_file_is_refused(self, monkeypatch, rows, problem):
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: TILES + rows)
        if rows.count("KZ") > 1:
            monkeypatch.setattr(policy, "regions", lambda: dict.fromkeys(["KZ-00", "KZ-43", "KZ-27"]))
        with pytest.raises(ReferenceDataError, match=problem):
            policy.check_policies()
