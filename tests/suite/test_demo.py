from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_contact.directory.service.sheets import CONTACT_FORM, read_sheet
from shared.domain.identifiers import is_valid_bin, is_valid_iin
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.language.danger import signs_of_danger
from shared.language.protected import ProtectedSubject, protected_subjects
from suite.demo.appeals import KnownProvider, _Writer, generate
from suite.demo.directory import as_csv, contacts_csv, providers
from suite.demo.mix import apportion, texts, weights
from suite.demo.timing import percentile

KNOWN = [KnownProvider(f"id-{place}", each.name_kk, each.name_ru, each.region) for place, each in enumerate(providers())]


class TestApportion:
    @given(st.integers(0, 100_000), st.dictionaries(st.text(min_size=1), st.integers(1, 10**6), min_size=1, max_size=12))
    def test_parts_add_up_and_lie_within_one_of_the_exact_share(self, total, shares):
        parts = apportion(total, shares)
        assert sum(parts.values()) == total
        assert all(abs(parts[code] - total * share / sum(shares.values())) < 1 for code, share in shares.items())


class TestMix:
    def test_the_whole_half_year_is_the_published_one(self):
        assert sum(weights()["channels"].values()) == 474_708
        assert sum(weights()["kinds"].values()) == 474_708
        assert sum(weights()["topics"].values()) == weights()["kinds"]["CONSULTATION"]
        reasons = Counter()
        for code, share in weights()["categories"].items():
            reasons[taxonomy().root_category(code)] += share / 10
        assert [reasons[code] for code in ("REFUSAL", "QUALITY", "UNRENDERED", "WAITING", "DRUGS")] == [28, 26.3, 10.5, 7, 6.6]

    def test_every_code_is_one_of_the_taxonomy(self):
        codes = taxonomy()
        known = {"channels": codes.channels, "kinds": codes.kinds, "kinds_to_look_at": codes.kinds, "topics": codes.topics}
        known |= {"categories": codes.categories, "regions": regions(), "languages": {"kk", "ru"}}
        assert known.keys() == weights().keys()
        for table, shares in weights().items():
            assert shares.keys() <= set(known[table]), table

    def test_every_text_speaks_both_languages_about_a_known_code(self):
        codes = taxonomy()
        for table, known in (("topics", codes.topics), ("categories", codes.categories), ("kinds", codes.kinds)):
            assert texts()[table].keys() <= known.keys()
            assert all(own["kk"] and own["ru"] for own in texts()[table].values())


class TestGenerate:
    def test_the_same_seed_gives_the_same_appeals(self):
        assert generate(300, 5, KNOWN) == generate(300, 5, KNOWN)
        assert generate(300, 5, KNOWN) != generate(300, 6, KNOWN)

    def test_channels_and_kinds_come_in_their_published_numbers(self):
        appeals = generate(1000, 1, KNOWN)
        assert Counter(each.channel for each in appeals) == apportion(1000, weights()["channels"])
        assert Counter(each.kind for each in appeals) == apportion(1000, weights()["kinds"])

    def test_each_carries_the_subject_its_kind_asks_for(self):
        for each in generate(1000, 2, KNOWN):
            assert taxonomy().subject_errors(each.kind, each.body.get("category"), each.body.get("topic")) == []

    def test_no_text_reads_as_danger_so_that_tiers_can_be_foretold(self):
        written = [each.body["text"] for each in generate(3000, 3, KNOWN, kinds_of="kinds_to_look_at")]
        assert [text for text in written if signs_of_danger(text)] == []

    def test_no_ordinary_text_reads_as_a_protected_subject(self):
        ordinary = [
            each.body
            for each in generate(3000, 3, KNOWN, kinds_of="kinds_to_look_at")
            if each.body.get("category") not in {*ProtectedSubject}
        ]
        assert [body["text"] for body in ordinary if protected_subjects(body["text"])] == []

    @pytest.mark.parametrize("text", ["Жарнаны төледі, бірақ көрінбейді.", "Жарнамды төледім, бірақ мәртебемде төлем көрінбейді."])
    def test_no_slip_of_the_keyboard_makes_a_word_of_danger(self, text):
        mistyped = {_Writer(Random(seed), KNOWN)._mistype(text) for seed in range(1000)}
        assert any(map(signs_of_danger, mistyped)), "this text no longer tests anything"
        written = {_Writer(Random(seed), KNOWN)._mistype_harmlessly(text) for seed in range(1000)}
        assert [each for each in written if signs_of_danger(each)] == []

    def test_new_ids_of_the_providers_change_nothing_else(self):
        renamed = [replace(each, provider_id=f"other-{each.provider_id}") for each in reversed(KNOWN)]
        assert [each.body["text"] for each in generate(300, 5, renamed)] == [each.body["text"] for each in generate(300, 5, KNOWN)]

    def test_people_are_invented(self):
        applicants = [each.body["applicant"] for each in generate(500, 4, KNOWN)]
        assert any(applicant == {} for applicant in applicants)
        assert all(is_valid_iin(applicant["iin"]) and applicant["iin"].startswith("99") for applicant in applicants if "iin" in applicant)
        assert all(applicant["phone"].startswith("+7701000") for applicant in applicants if applicant)


class TestDirectory:
    def test_every_region_has_six_organisations_with_their_own_valid_bin(self):
        made = providers()
        assert Counter(each.region for each in made) == dict.fromkeys(regions().keys() - {"KZ-00"}, 6)
        assert len({each.bin for each in made}) == len(made)
        assert all(is_valid_bin(each.bin) for each in made)

    def test_the_csv_has_a_line_for_each(self):
        assert len(as_csv().splitlines()) == 1 + len(providers())

    def test_every_contact_can_be_imported_and_is_plainly_made_up(self):
        parsed = read_sheet(contacts_csv().encode(), CONTACT_FORM)
        assert parsed.rejected == []
        roles = Counter((line.bin or line.region, line.role) for line in parsed.lines)
        assert roles == Counter([(each.bin, role) for each in providers() for role in ("PATIENT_SUPPORT", "HEAD_PHYSICIAN")]) + Counter(
            (code, "RECEPTION") for code in regions() if code != "KZ-00"
        )
        assert all(line.email.endswith("@example.org") and line.name.startswith("Сынақ ") for line in parsed.lines)


class TestPercentile:
    @pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1)])
    def test_it_is_the_nearest_rank(self, percent, value):
        assert percentile(list(range(1, 101)), percent) == value
