import asyncio
from collections.abc import Sequence

import pytest

from shared.database_errors import CommitUnknown
from shared.fast.group_commit import GROUP, SECOND, GroupCommit


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
        waiting = [commit.submit(n) for n in range(10)]
        await asyncio.sleep(0)
        waiting += [commit.submit(n) for n in range(10, 20)]
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
        leaver = asyncio.ensure_future(asyncio.shield(commit.submit(1)))
        stayer = commit.submit(2)
        await asyncio.sleep(0)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        book.gate.set()
        assert await stayer == "kept 2"
        await commit.drain()
        assert sorted(item for group in book.groups for item in group) == [1, 2]

    async def test_no_more_groups_are_written_at_a_time_than_there_are_writers(self):
        writing, most = 0, 0

        async def write(items: Sequence[int]) -> Sequence[int]:
            nonlocal writing, most
            writing += 1
            most = max(most, writing)
            await asyncio.sleep(0)
            writing -= 1
            return items

        commit = GroupCommit(write, writers=2)
        await asyncio.gather(*(commit.submit(n) for n in range(GROUP * 5)))
        assert most == 2

    async def test_a_few_that_wait_do_not_open_a_second_transaction_and_are_not_forgotten(self):
        book = Book()
        book.gate.clear()
        commit = GroupCommit(book.write, writers=2)
        first = commit.submit(0)
        await asyncio.sleep(0)
        few = [commit.submit(n) for n in range(1, SECOND)]
        await asyncio.sleep(0)
        assert len(commit._tasks) == 1
        many = commit.submit(SECOND)
        assert len(commit._tasks) == 2
        book.gate.set()
        await asyncio.gather(first, *few, many)
        assert await commit.submit(99) == "kept 99"

    async def test_an_unknown_commit_outcome_is_raised_for_all_and_never_repeated(self):
        groups = []

        async def lose_the_answer(items: Sequence[int]) -> Sequence[int]:
            groups.append(list(items))
            raise CommitUnknown("COMMIT", None, ConnectionResetError())

        commit = GroupCommit(lose_the_answer)
        answers = await asyncio.gather(*(commit.submit(n) for n in range(3)), return_exceptions=True)
        assert [type(each) for each in answers] == [CommitUnknown] * 3
        assert groups == [[0, 1, 2]]

    async def test_while_the_database_is_away_nobody_waits_for_each_to_be_tried_alone(self):
        groups = []

        async def refuse(items: Sequence[int]) -> Sequence[int]:
            groups.append(list(items))
            raise ConnectionRefusedError

        commit = GroupCommit(refuse)
        answers = await asyncio.gather(*(commit.submit(n) for n in range(5)), return_exceptions=True)
        assert [type(each) for each in answers] == [ConnectionRefusedError] * 5
        assert groups == [[0, 1, 2, 3, 4], [0]]
