import time
from itertools import product
from uuid import UUID

import pytest

from shared.domain.provider_names import NameIndex, check_name_search, clear_winner, name_search_policy, name_weights, names_of
from shared.domain.regions import regions
from tests.processor_time import Pace
from tests.provider_names import DIRECTORY, FOUND, NOT_FOUND, indexed


@pytest.fixture(scope="module")
def index():
    return NameIndex(DIRECTORY)


class TestSearch:
    def test_scores_lie_between_nought_and_one(self, index):
        hits = [hit for typed, _, _ in FOUND for hit in index.search(typed)]
        assert all(0 < hit.score <= 1 for hit in hits)

    def test_the_official_name_itself_scores_full(self, index):
        for provider in DIRECTORY:
            scores = [hit.score for name in names_of(provider) for hit in index.search(name) if hit.provider is provider]
            assert max(scores) == 1.0

    def test_the_beginning_of_a_word_is_enough_to_look_for_it(self, index):
        assert index.search("Жаңақ")[0].provider.provider_id == UUID(int=2)

    def test_three_thousand_providers_are_searched_within_ten_milliseconds(self):
        towns = [
            "".join(parts).capitalize()
            for parts in product(("бай", "қар", "сар", "мұр", "жан", "тал", "көк", "арыс", "тас", "бұл", "өрт", "шал"), repeat=3)
        ]
        codes = [code for code in regions() if code != "KZ-00"]
        numbered = [
            indexed(n, f"№{n % 75 + 1} қалалық емхана", f"Городская поликлиника №{n % 75 + 1}", codes[n % 20], f"ГП {n % 75 + 1}")
            for n in range(1500)
        ]
        named = [
            indexed(1500 + n, f"{town} аудандық ауруханасы", f"Районная больница {town}", codes[n % 20])
            for n, town in enumerate(towns[:1500])
        ]
        index = NameIndex([*numbered, *named])
        for typed in ("23 емхана", "полеклиника 23", "районная больница Жансартал", "больнеца жансартол"):
            assert index.search(typed)
            took, pace = [], Pace()
            for _ in range(5):
                pace.sample()
                began = time.thread_time()
                index.search(typed)
                took.append(time.thread_time() - began)
            assert min(took) < 0.010 * pace.slowness, typed

    @pytest.mark.parametrize(("number", "other"), [("5", "15"), ("1", "11"), ("23", "32"), ("5", "50")])
    def test_two_numbers_are_never_one(self, number, other):
        name = NameIndex([indexed(1, f"№{number} қалалық емхана", f"Городская поликлиника №{number}")])
        assert name.search(f"{other} емхана") == []
        assert name.search(f"{number} емхана")

    def test_a_text_without_words_or_numbers_finds_nothing(self, index):
        assert index.search("…") == []


class TestClearWinner:
    @staticmethod
    def winner(typed, region):
        index = NameIndex([provider for provider in DIRECTORY if provider.region == region])
        return clear_winner(index.search(typed), name_search_policy().region_threshold)

    @pytest.mark.parametrize(("typed", "region", "meant"), [row for row in FOUND if any(p.region == row[1] for p in DIRECTORY)])
    def test_a_name_typed_for_a_region_means_one_provider(self, typed, region, meant):
        found = self.winner(typed, region)
        assert found is None or found.provider.provider_id == UUID(int=meant)

    @pytest.mark.parametrize(("typed", "region"), [row for row in NOT_FOUND if any(p.region == row[1] for p in DIRECTORY)])
    def test_an_ambiguous_name_means_no_provider(self, typed, region):
        assert self.winner(typed, region) is None


class TestPolicy:
    def test_the_files_can_be_read(self):
        check_name_search()

    def test_every_weight_is_above_nought_and_up_to_one(self):
        assert all(0 < weight <= 1 for weight in name_weights().values())
