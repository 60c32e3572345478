import asyncio
from datetime import timedelta

import pytest

from shared.messaging import runtime as runtime_module
from shared.messaging.runtime import Loop, Runtime, every


@pytest.fixture(autouse=True)
def _without_rest(monkeypatch):
    monkeypatch.setattr(runtime_module, "RESTART_SECONDS", (0.0, 0.0))


class TestRuntime:
    async def test_a_fallen_loop_is_seen_and_started_again(self):
        falls, again = 1, asyncio.Event()

        async def work() -> None:
            nonlocal falls
            if falls:
                falls -= 1
                raise ValueError("fell")
            again.set()
            await asyncio.Event().wait()

        runtime = Runtime([Loop("consumer", work)], restart=True)
        runtime.start()
        await asyncio.sleep(0)
        assert runtime.fallen == {"consumer": "ValueError"}
        await asyncio.wait_for(again.wait(), 5)
        assert runtime.fallen == {}
        await runtime.stop()

    async def test_in_a_process_of_its_own_the_first_fall_ends_it(self):
        async def fall() -> None:
            raise ValueError("fell")

        with pytest.raises(ValueError, match="fell"):
            await Runtime([Loop("relay", fall), Loop("idle", asyncio.Event().wait)], restart=False).run()

    async def test_stopping_lets_every_loop_finish_its_own_way(self):
        closed = []

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                closed.append("closed")

        runtime = Runtime([Loop("relay", work)], restart=True)
        runtime.start()
        await asyncio.sleep(0)
        await runtime.stop()
        assert closed == ["closed"]

    async def test_a_job_runs_again_and_again(self):
        ran = asyncio.Queue()

        async def job() -> None:
            ran.put_nowait(1)

        runtime = Runtime([every(timedelta(0), "prune", job)], restart=True)
        runtime.start()
        for _ in range(3):
            await asyncio.wait_for(ran.get(), 5)
        await runtime.stop()

    async def test_a_loop_kept_from_its_work_is_seen_although_it_runs(self):
        runtime = Runtime([Loop("consumer", asyncio.Event().wait, lambda: "too many events fail")], restart=True)
        runtime.start()
        assert runtime.fallen == {"consumer": "too many events fail"}
        await runtime.stop()
