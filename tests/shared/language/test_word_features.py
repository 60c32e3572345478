import pytest

from shared.language.word_features import concepts_of, features_computed_once, features_of

WORDS = ["поликлиника", "дәрігер", "000"]


class TestFeaturesComputedOnce:
    def test_models_share_the_features_of_the_same_words_until_the_end(self):
        with features_computed_once():
            shared = features_of(WORDS)
            assert features_of(list(WORDS)) is shared
            other = features_of(WORDS[:1])
            assert other is not shared
        after = features_of(WORDS[:1])
        assert after is not other
        assert all((before == now).all() for before, now in zip(other, after, strict=True))

    def test_they_are_forgotten_after_an_error_too(self):
        with pytest.raises(RuntimeError), features_computed_once():
            shared = features_of(WORDS)
            raise RuntimeError
        assert features_of(WORDS) is not shared


class TestConceptsOf:
    def test_a_word_that_begins_with_no_listed_beginning_names_none(self):
        assert concepts_of("ъъъъ") == ()

    def test_endings_change_nothing(self):
        assert concepts_of("врачами") == concepts_of("врача") != ()
