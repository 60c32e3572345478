import asyncio
from datetime import timedelta

import pytest
import structlog
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError
from sqlalchemy.exc import OperationalError

from shared.messaging import runtime as runtime_module
from shared.messaging.log import LogReplaced
from shared.messaging.runtime import Loop, Runtime, every, finish
from tests.patience import PATIENCE


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
        await asyncio.wait_for(again.wait(), PATIENCE)
        assert runtime.fallen == {}
        await runtime.stop()

    async def test_in_a_process_of_its_own_the_first_fall_ends_it(self):
        async def fall() -> None:
            raise ValueError("fell")

        with pytest.raises(ValueError, match="fell"):
            await Runtime([Loop("relay", fall), Loop("idle", asyncio.Event().wait)], restart=False).run()

    @pytest.mark.parametrize(
        "away", [ConnectionRefusedError(), TimeoutError(), KafkaConnectionError(), KafkaTimeoutError(), OperationalError("", None, None)]
    )
    async def test_an_engine_that_is_away_is_waited_for_even_there(self, away):
        tries, worked = [away, away], asyncio.Event()

        async def work() -> None:
            if tries:
                raise tries.pop()
            worked.set()
            await asyncio.Event().wait()

        running = asyncio.create_task(Runtime([Loop("relay", work)], restart=False).run())
        await asyncio.wait_for(worked.wait(), PATIENCE)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def test_what_a_person_has_to_mend_is_said_as_a_sentence_and_not_tried_again(self):
        tries = 0

        async def work() -> None:
            nonlocal tries
            tries += 1
            raise LogReplaced("restore the log that belongs to this database")

        runtime = Runtime([Loop("consumer", work)], restart=True)
        with structlog.testing.capture_logs() as logged:
            await runtime.run()
        assert tries == 1
        assert runtime.fallen == {"consumer": "restore the log that belongs to this database"}
        assert [(line["event"], line["reason"]) for line in logged] == [("loop stopped", runtime.fallen["consumer"])]
        assert "exc_info" not in logged[0]
        with pytest.raises(LogReplaced):
            await Runtime([Loop("consumer", work)], restart=False).run()

    async def test_a_loop_that_falls_does_not_wait_for_the_others(self):
        async def fall() -> None:
            raise RuntimeError("fell")

        began = asyncio.get_running_loop().time()
        with pytest.raises(RuntimeError, match="fell"):
            await Runtime([Loop("idle", asyncio.Event().wait), Loop("jobs", fall)], restart=False).run()
        assert asyncio.get_running_loop().time() - began < 1

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
            await asyncio.wait_for(ran.get(), PATIENCE)
        await runtime.stop()

    async def test_a_loop_kept_from_its_work_is_seen_although_it_runs(self):
        runtime = Runtime([Loop("consumer", asyncio.Event().wait, lambda: "too many events fail")], restart=True)
        runtime.start()
        assert runtime.fallen == {"consumer": "too many events fail"}
        await runtime.stop()


class TestFinish:
    async def test_the_current_step_is_finished_when_its_loop_is_stopped(self):
        begun, may_end, ended = asyncio.Event(), asyncio.Event(), []

        async def step() -> None:
            begun.set()
            await may_end.wait()
            ended.append("ended")

        task = asyncio.create_task(finish(step()))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["ended"]

    async def test_a_step_that_waits_for_ever_is_given_up(self, monkeypatch):
        monkeypatch.setattr(runtime_module, "FINISH_SECONDS", 0.01)
        task = asyncio.create_task(finish(asyncio.Event().wait()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, PATIENCE)

    async def test_its_value_and_its_error_are_the_steps(self):
        async def seven() -> int:
            return 7

        async def fall() -> None:
            raise ValueError("fell")

        assert await finish(seven()) == 7
        with pytest.raises(ValueError, match="fell"):
            await finish(fall())
