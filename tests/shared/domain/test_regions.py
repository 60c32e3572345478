from datetime import datetime

import pytest

from shared.domain.regions import branch_label, region_of_phone, regions


class TestRegions:
    def test_there_are_seventeen_regions_three_cities_and_the_central_office(self):
        kinds = [region.kind for region in regions().values()]
        assert {kind: kinds.count(kind) for kind in kinds} == {"central": 1, "region": 17, "city": 3}

    def test_a_region_carries_what_a_number_and_a_classifier_need(self):
        kyzylorda = regions()["KZ-43"]
        assert (kyzylorda.number_code, kyzylorda.kato, kyzylorda.timezone.key) == ("43", "430000000", "Asia/Qyzylorda")
        assert kyzylorda.centre.en == "Kyzylorda"

    def test_number_codes_are_all_different(self):
        assert len({region.number_code for region in regions().values()}) == 21

    def test_the_regions_of_2022_know_where_they_came_from(self):
        found = {code: region.predecessor for code, region in regions().items() if region.predecessor}
        assert found == {"KZ-10": "KZ-63", "KZ-33": "KZ-19", "KZ-62": "KZ-35"}

    def test_the_whole_country_is_at_plus_five_in_2026(self):
        offsets = {datetime(2026, 7, 1, tzinfo=region.timezone).utcoffset().total_seconds() / 3600 for region in regions().values()}
        assert offsets == {5.0}

    def test_a_branch_is_named_in_three_languages(self):
        assert branch_label("KZ-43").as_dict() == {
            "kk": "«ӘМСҚ» КЕАҚ Қызылорда облысы бойынша филиалы",
            "ru": "Филиал НАО «ФСМС» по Кызылординской области",
            "en": "Social Health Insurance Fund branch for Kyzylorda Region",
        }

    @pytest.mark.parametrize(
        ("phone", "region"),
        [
            ("+77242270000", "KZ-43"),
            ("+77172000000", "KZ-71"),
            ("+77272500000", "KZ-75"),
            ("+77277240000", "KZ-19"),
            ("+77010000000", None),
        ],
    )
    def test_a_fixed_line_number_is_of_a_region(self, phone, region):
        assert region_of_phone(phone) == region
