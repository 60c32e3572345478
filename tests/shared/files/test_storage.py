import io

import obstore
import pytest
from obstore.store import LocalStore

from shared.files.storage import CHUNK, PREFIX, TAG, ObjectStorage, new_key
from shared.sealing import SealBroken

NAME = "00aa/01"
KEY = new_key()
ONE_CHUNK = CHUNK + TAG


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path, automatic_cleanup=True)


async def in_pieces(data, size=10_000):
    for start in range(0, len(data), size):
        yield data[start : start + size]


def content(size):
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


def swapped(raw):
    """Swap the first two chunks."""
    first, second = (raw[PREFIX + start : PREFIX + start + ONE_CHUNK] for start in (0, ONE_CHUNK))
    return raw[:PREFIX] + second + first + raw[PREFIX + 2 * ONE_CHUNK :]


class TestObjects:
    @pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
    async def test_an_object_is_read(self, store, size):
        objects = ObjectStorage(store)
        assert await objects.write(KEY, NAME, in_pieces(content(size))) == size
        assert io.BufferedReader(objects.reader(KEY, [[NAME, size]])).read() == content(size)

    async def test_any_position_of_several_pieces_is_read(self, store):
        objects, whole = ObjectStorage(store), content(2 * CHUNK + 100)
        await objects.write(KEY, "a/1", in_pieces(whole[:70_000]))
        await objects.write(KEY, "a/2", in_pieces(whole[70_000:]))
        reader = io.BufferedReader(objects.reader(KEY, [["a/1", 70_000], ["a/2", len(whole) - 70_000]]))
        for start in (0, 65_530, 69_999, 70_000, len(whole) - 5):
            reader.seek(start)
            assert reader.read(20) == whole[start : start + 20]
        reader.seek(-3, io.SEEK_END)
        assert reader.read() == whole[-3:]

    async def test_nothing_is_readable_in_the_store(self, store):
        await ObjectStorage(store).write(KEY, NAME, in_pieces(b"Synaq Azamat" * 1000))
        assert b"Synaq" not in bytes(await (await obstore.get_async(store, NAME)).bytes_async())

    @pytest.mark.parametrize(
        "harm",
        [
            lambda raw: raw[: PREFIX + ONE_CHUNK] + bytes([raw[PREFIX + ONE_CHUNK] ^ 1]) + raw[PREFIX + ONE_CHUNK + 1 :],
            swapped,
            lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
        ],
        ids=["changed", "reordered", "another prefix"],
    )  # fmt: skip
    async def test_a_changed_object_cannot_be_opened(self, store, harm):
        size = 2 * CHUNK + 5
        await ObjectStorage(store).write(KEY, NAME, in_pieces(content(size)))
        raw = bytes(await (await obstore.get_async(store, NAME)).bytes_async())
        await obstore.put_async(store, NAME, harm(raw))
        with pytest.raises(SealBroken):
            io.BufferedReader(ObjectStorage(store).reader(KEY, [[NAME, size]])).read()

    async def test_an_object_cut_at_a_chunk_cannot_be_opened_as_a_shorter_one(self, store):
        await ObjectStorage(store).write(KEY, NAME, in_pieces(content(2 * CHUNK)))
        raw = bytes(await (await obstore.get_async(store, NAME)).bytes_async())
        await obstore.put_async(store, NAME, raw[: PREFIX + ONE_CHUNK])
        with pytest.raises(SealBroken):
            ObjectStorage(store).reader(KEY, [[NAME, CHUNK]]).read(10)

    async def test_an_object_under_another_name_cannot_be_opened(self, store):
        await ObjectStorage(store).write(KEY, NAME, in_pieces(b"abc"))
        await obstore.copy_async(store, NAME, "00aa/02")
        with pytest.raises(SealBroken):
            ObjectStorage(store).reader(KEY, [["00aa/02", 3]]).read(1)

    async def test_a_broken_stream_leaves_no_object(self, store, tmp_path):
        async def breaking():
            yield b"x" * 200_000
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await ObjectStorage(store).write(KEY, NAME, breaking())
        assert [one for one in tmp_path.rglob("*") if one.is_file()] == []
