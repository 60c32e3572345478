import asyncio
from collections.abc import Sequence

import pytest

from shared.group_commit import GROUP, GroupCommit


class Book:
    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self, items: Sequence[int]) -> list[str]:
        await self.gate.wait()
        if any(item < 0 for item in items):
            raise ValueError("negative")
        self.groups.append(list(items))
        return [f"kept {item}" for item in items]


class TestGroupCommit:
    async def test_what_arrives_while_one_group_is_written_shares_the_next(self):
        book = Book()
        book.gate.clear()
        commit = GroupCommit(book.write)
        waiting = [asyncio.create_task(commit.submit(n)) for n in range(10)]
        await asyncio.sleep(0)
        waiting += [asyncio.create_task(commit.submit(n)) for n in range(10, 20)]
        await asyncio.sleep(0)
        book.gate.set()
        assert await asyncio.gather(*waiting) == [f"kept {n}" for n in range(20)]
        assert len(book.groups) <= 2

    async def test_a_group_is_never_larger_than_its_bound(self):
        book = Book()
        commit = GroupCommit(book.write)
        await asyncio.gather(*(commit.submit(n) for n in range(GROUP * 2 + 5)))
        assert max(len(group) for group in book.groups) <= GROUP

    async def test_only_the_one_at_fault_gets_the_error(self):
        book = Book()
        commit = GroupCommit(book.write)
        answers = await asyncio.gather(*(commit.submit(n) for n in (1, -2, 3)), return_exceptions=True)
        assert answers[0] == "kept 1"
        assert answers[2] == "kept 3"
        assert isinstance(answers[1], ValueError)
        assert sorted(item for group in book.groups for item in group) == [1, 3]

    async def test_a_caller_that_goes_away_cancels_nobody(self):
        book = Book()
        book.gate.clear()
        commit = GroupCommit(book.write)
        leaver = asyncio.create_task(commit.submit(1))
        stayer = asyncio.create_task(commit.submit(2))
        await asyncio.sleep(0)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        book.gate.set()
        assert await stayer == "kept 2"
        await commit.drain()
        assert sorted(item for group in book.groups for item in group) == [1, 2]
