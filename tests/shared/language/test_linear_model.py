import io
import threading

import numpy as np
import pytest

from shared.language import linear_model
from shared.language.linear_model import BrokenModel, LinearModel, Weights, arrays_of, stem_hash
from shared.language.tokens import tokenise
from shared.language.word_features import BUCKETS, MOST_WORDS, NO_FEATURE, features_of, words_to_read

COLUMNS = 3


def made(**changed) -> Weights:
    chosen = np.random.default_rng(1)
    weights = chosen.integers(-127, 128, (BUCKETS, COLUMNS), dtype=np.int8)
    rarity = chosen.integers(20, 200, BUCKETS, dtype=np.uint8)
    weights[NO_FEATURE], rarity[NO_FEATURE] = 0, 0
    stems = np.unique(np.array([stem_hash(word) for word in ("дари", "бермеиди")], np.uint32))
    arrays = {
        "weights": weights,
        "scales": np.full(COLUMNS, 0.01, np.float32),
        "bias": np.array([0.1, 0.2, 0.3], np.float32),
        "rarity": rarity,
        "rarity_unit": np.float32(0.05),
        "stems": stems,
    }
    return Weights(**arrays | changed)


def read(text: str) -> list[str]:
    return words_to_read(tokenise(text))


class TestFeatures:
    def test_a_word_has_the_same_features_alone_and_among_others(self):
        alone = features_of(["дари"])
        among = features_of(["тегин", "дари", "бермеиди"])
        assert among.grams[among.starts[1] : among.starts[2]].tolist() == alone.grams.tolist()
        assert among.others[1].tolist() == alone.others[0].tolist()

    def test_no_n_gram_reaches_into_the_next_word(self):
        first, second = features_of(["аб", "вг"]), features_of(["аб", "дж"])
        assert first.grams[: first.starts[1]].tolist() == second.grams[: second.starts[1]].tolist()

    def test_a_word_has_every_n_gram_with_its_ends(self):
        # Two letters with a space on each side: three of two letters, two of three, one of four.
        assert np.count_nonzero(features_of(["аб"]).grams) == 6

    def test_spellings_of_one_text_are_read_alike(self):
        assert read("Тегін дәрі бермейді") == read("тегин дари бермейди") == read("Tegin dari bermeidi")

    def test_a_number_is_read_as_its_length(self):
        assert read("990101300001 тенге") == read("123456789012 тенге")

    def test_a_very_long_text_is_read_at_both_ends(self):
        text_words = [
            f"сөз{'абвгд'[each % 5]}{'ежзик'[each // 5 % 5]}{'лмноп'[each // 25 % 5]}{'рстуф'[each // 125]}" for each in range(625)
        ]
        found = read(" ".join(text_words))
        assert len(found) == MOST_WORDS
        assert (found[0], found[-1]) == (read(text_words[0])[0], read(text_words[-1])[0])


class TestScores:
    def test_the_scores_are_the_sum_of_the_features_over_their_length(self):
        model, text_words = made(), ["тегин", "дари"]
        features = features_of(text_words)
        rows = np.concatenate((features.grams, features.others.ravel()))
        squares = (model.rarity[rows] * model.rarity_unit) ** 2
        expected = model.weights[rows].sum(axis=0, dtype=np.int64) * model.scales / np.sqrt(squares.sum()) + model.bias
        assert LinearModel(model).score(text_words).columns == pytest.approx(expected, rel=1e-5)

    def test_a_remembered_word_gives_the_same_score(self):
        model, text_words = LinearModel(made()), ["тегин", "дари", "бермеиди"]
        first = model.score(text_words).columns.tolist()
        assert model.score(text_words).columns.tolist() == first
        assert LinearModel(made()).score(text_words).columns.tolist() == first

    def test_new_words_are_those_without_a_known_beginning(self):
        assert LinearModel(made()).score(["дари", "бермеидигои", "тегин", "калаи"]).new_words == 2

    def test_a_text_without_words_has_the_bias(self):
        found = LinearModel(made()).score([])
        assert (found.columns.tolist(), found.new_words) == (made().bias.tolist(), 0)

    def test_the_memory_is_bounded_and_scores_survive_its_renewal(self, monkeypatch):
        monkeypatch.setattr(linear_model, "_REMEMBERED", 70)
        model = LinearModel(made())
        first = model.score(["дари"]).columns.tolist()
        for number in range(40):
            model.score([f"{'абвгдежзик'[number % 10]}{'лмнопрстуф'[number // 10]}{letter}" for letter in "абв"])
            assert len(model._memory.rows) <= 70
        assert model._memory.former.former is None
        assert model.score(["дари"]).columns.tolist() == first

    def test_usual_words_are_not_computed_again_when_the_memory_is_renewed(self, monkeypatch):
        monkeypatch.setattr(linear_model, "_REMEMBERED", 70)
        model, computed = LinearModel(made()), []
        compute = model._computed
        monkeypatch.setattr(model, "_computed", lambda text_words: computed.extend(text_words) or compute(text_words))
        for number in range(200):
            model.score(["дари", f"{'абвгдежзик'[number % 10]}{'лмнопрстуф'[number // 10 % 10]}{number // 100}"])
        assert len(computed) == len(set(computed)) == 201

    def test_threads_get_the_scores_of_their_own_words(self, monkeypatch):
        monkeypatch.setattr(linear_model, "_REMEMBERED", 100)
        model, calm = LinearModel(made()), LinearModel(made())
        texts = [[f"{first}{second}{third}" for third in "лмно"] for first in "абвгдежз" for second in "ийкл"]
        expected = [calm.score(text).columns.tolist() for text in texts]
        wrong = []

        def compare():
            for _ in range(20):
                wrong.extend(text for text, scores in zip(texts, expected, strict=True) if model.score(text).columns.tolist() != scores)

        threads = [threading.Thread(target=compare) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


class TestBroken:
    def test_arrays_of_other_sizes_are_refused(self):
        with pytest.raises(BrokenModel, match="columns"):
            made(bias=np.zeros(2, np.float32))

    def test_a_weight_of_no_feature_is_refused(self):
        rarity = made().rarity.copy()
        rarity[NO_FEATURE] = 1
        with pytest.raises(BrokenModel, match="no feature"):
            made(rarity=rarity)

    def test_a_missing_array_is_named(self):
        with pytest.raises(BrokenModel, match="rarity"):
            Weights.of({"weights": made().weights})

    def test_damaged_content_is_refused(self):
        with pytest.raises(BrokenModel):
            arrays_of(b"not an archive")

    def test_pickled_content_is_refused(self):
        written = io.BytesIO()
        np.savez(written, weights=np.array([{"a": 1}], dtype=object))
        with pytest.raises(BrokenModel):
            arrays_of(written.getvalue())["weights"]
