import json
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sealing import (
    BadKeys,
    KeyRing,
    Pepper,
    SealBroken,
    Sealer,
    UnknownKey,
    WrongKeys,
    add_key,
    check_keys,
    from_settings,
    load_or_create_keys,
)

OLD = KeyRing("k1", {"k1": b"1" * 32})
NEW = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})


class TestSealer:
    @given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20))
    def test_what_was_sealed_opens(self, plaintext, table, field):
        sealer = Sealer(OLD)

        assert sealer.open(table, 7, field, sealer.seal(table, 7, field, plaintext)) == plaintext

    def test_a_value_does_not_open_in_another_place(self):
        sealer = Sealer(OLD)
        value = sealer.seal("appeal", "1", "text", b"words")

        for place in (("answer", "1", "text"), ("appeal", "2", "text"), ("appeal", "1", "name"), ("appeal1", "", "text")):
            with pytest.raises(SealBroken):
                sealer.open(*place, value)

    def test_every_changed_byte_is_noticed(self):
        sealer = Sealer(OLD)
        value = sealer.seal("appeal", 1, "text", b"words")

        for index in range(len(value)):
            changed = bytearray(value)
            changed[index] ^= 1
            with pytest.raises((SealBroken, UnknownKey)):
                sealer.open("appeal", 1, "text", bytes(changed))

    @given(st.binary(max_size=60))
    def test_any_other_bytes_are_no_seal(self, value):
        with pytest.raises((SealBroken, UnknownKey)):
            Sealer(OLD).open("appeal", 1, "text", value)

    def test_the_same_words_never_look_the_same(self):
        sealer = Sealer(OLD)

        assert sealer.seal("appeal", 1, "text", b"words") != sealer.seal("appeal", 1, "text", b"words")

    def test_after_a_rotation_old_values_open(self):
        value = Sealer(OLD).seal("appeal", 1, "text", b"words")
        after = Sealer(NEW)

        assert after.open("appeal", 1, "text", value) == b"words"

    def test_a_value_of_a_key_that_is_gone_says_so(self):
        value = Sealer(NEW).seal("appeal", 1, "text", b"words")

        with pytest.raises(UnknownKey):
            Sealer(OLD).open("appeal", 1, "text", value)

    def test_500_values_open_in_10_milliseconds(self):
        sealer = Sealer(OLD)
        values = [sealer.seal("appeal", row, "text", b"x" * 600) for row in range(500)]

        def took() -> float:
            began = time.thread_time()
            for row, value in enumerate(values):
                sealer.open("appeal", row, "text", value)
            return time.thread_time() - began

        assert min(took() for _ in range(5)) < 0.010


class TestPepper:
    def test_each_purpose_has_its_own_hash(self):
        pepper = Pepper(b"p" * 32)

        assert pepper.keyed_hmac("pin", b"1") == Pepper(b"p" * 32).keyed_hmac("pin", b"1")
        assert len({pepper.keyed_hmac("pin", b"1"), pepper.keyed_hmac("iin", b"1"), Pepper(b"q" * 32).keyed_hmac("pin", b"1")}) == 3


class TestKeys:
    def test_keys_are_made_once_and_readable_by_their_owner_alone(self, tmp_path: Path):
        folder = tmp_path / "keys"

        first, second = load_or_create_keys(folder), load_or_create_keys(folder)

        assert (first.ring, first.secret) == (second.ring, second.secret)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [(each.name, stat.S_IMODE(each.stat().st_mode)) for each in folder.iterdir()] == [("sealing.json", 0o600)]

    def test_rotation_adds_an_active_key_and_keeps_the_pepper(self, tmp_path: Path):
        before = load_or_create_keys(tmp_path)

        after = add_key(tmp_path)

        assert after.ring.active_id == "k2"
        assert after.ring.keys["k1"] == before.ring.keys["k1"]
        assert after.secret == before.secret
        assert load_or_create_keys(tmp_path).ring == after.ring

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", '{"active": "k1", "keys": {"k1": "AAAA"}, "pepper": "AAAA"}', '{"active": "k9", "keys": {}, "pepper": ""}']
    )
    def test_unusable_settings_are_refused_without_being_shown(self, text):
        with pytest.raises(BadKeys) as caught:
            from_settings(text)

        assert "AAAA" not in str(caught.value)

    def test_secrets_do_not_show_in_a_repr(self, tmp_path: Path):
        material = load_or_create_keys(tmp_path)

        assert str(material.secret) not in repr(material)
        assert str(material.ring.keys["k1"]) not in repr(material)


class TestCheckKeys:
    def test_the_same_and_added_keys_pass(self, tmp_path: Path):
        check_keys(load_or_create_keys(tmp_path / "keys"), tmp_path / "data" / "check")

        check_keys(add_key(tmp_path / "keys"), tmp_path / "data" / "check")

        assert set(json.loads((tmp_path / "data" / "check").read_text())) == {"k1", "k2", "pepper"}

    def test_other_keys_are_refused_at_start(self, tmp_path: Path):
        check_keys(load_or_create_keys(tmp_path / "a"), tmp_path / "check")

        with pytest.raises(WrongKeys, match="not the one this data was sealed with"):
            check_keys(load_or_create_keys(tmp_path / "b"), tmp_path / "check")

    def test_a_missing_key_is_named(self, tmp_path: Path):
        kept = (load_or_create_keys(tmp_path / "a"), (tmp_path / "a" / "sealing.json").read_text())
        check_keys(add_key(tmp_path / "a"), tmp_path / "check")

        with pytest.raises(WrongKeys, match="'k2', which is missing"):
            check_keys(from_settings(kept[1]), tmp_path / "check")
