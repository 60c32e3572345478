"""The pool of inspecting processes: limits of a file, cancelled work, and isolation of the processes."""

import asyncio
import io
import signal
import zipfile
from dataclasses import replace

import psutil
import pytest

from shared.errors import Unavailable
from shared.files import errors as attachment_errors
from shared.files import inspector, policy
from shared.files.inspector import FileToInspect, Inspector
from tests.patience import PATIENCE
from tests.shared.files.samples import PDF, docx, photograph, picture

LIMITS = policy.policy().limits


async def chunks(content):
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


def file(content, owner=None, declared=None):
    return FileToInspect(chunks(content), len(content), declared, owner)


@pytest.fixture
async def start():
    started = []

    def new(*, limits=LIMITS, **chosen):
        started.append(Inspector(limits, **chosen))
        return started[-1]

    yield new
    for one in started:
        await one.close()


@pytest.fixture
def pool(start):
    return start(processes=2)


def processes(pool):
    return [psutil.Process(one._process.pid) for one in [*pool._idle, *pool._busy] if one._process]


def slow_document():
    """Return a document that is slow to parse: 18 MB of small elements, not compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<x>" + "<y/>" * 4_500_000 + "</x>")
    return target.getvalue()


class TestInspect:
    async def test_the_kind_is_returned_and_a_picture_is_redrawn(self, pool):
        assert (await pool.inspect(file(PDF))).kind.code == "PDF"
        found = await pool.inspect(file(photograph()))
        assert found.kind.code == "JPEG"
        assert b"SynaqCamera" not in found.stored
        assert len(processes(pool)) == 1

    async def test_a_refusal_leaves_the_process_for_the_next_file(self, pool):
        for _ in range(2):
            with pytest.raises(attachment_errors.Macros):
                await pool.inspect(file(docx(parts={"word__vbaProject.bin": "x"})))
        assert len(processes(pool)) == 1

    async def test_a_file_that_takes_too_long_is_refused_and_the_next_one_is_inspected(self, start):
        pool = start(limits=replace(LIMITS, inspection_seconds=1), processes=1)
        with pytest.raises(attachment_errors.TooComplex):
            await pool.inspect(file(slow_document()))
        assert (await pool.inspect(file(PDF))).kind.code == "PDF"

    async def test_a_file_that_takes_too_much_memory_is_refused(self, start):
        pool = start(limits=replace(LIMITS, inspection_memory=200_000_000), processes=1)
        with pytest.raises(attachment_errors.TooComplex):
            await pool.inspect(file(picture("PNG", size=(5000, 4900))))

    async def test_a_cancelled_inspection_frees_its_process_at_once(self, pool):
        working = asyncio.create_task(pool.inspect(file(slow_document())))
        while not [one for each in processes(pool) for one in each.children()]:
            await asyncio.sleep(0.01)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert pool._in_use == 0
        assert (await pool.inspect(file(PDF))).kind.code == "PDF"

    async def test_a_broken_stream_ends_its_process(self, pool):
        async def broken():
            yield PDF[:10]
            raise FileNotFoundError

        with pytest.raises(FileNotFoundError):
            await pool.inspect(FileToInspect(broken(), len(PDF), None, None))
        assert (await pool.inspect(file(PDF))).kind.code == "PDF"


class TestShare:
    async def test_one_sender_does_not_occupy_all_processes(self, pool):
        many = [asyncio.create_task(pool.inspect(file(slow_document(), owner=b"one"))) for _ in range(3)]
        while not pool._in_use:
            await asyncio.sleep(0.01)
        assert (await pool.inspect(file(b"hello", owner=b"other"))).kind.code == "TXT"
        assert not any(one.done() for one in many)
        for one in many:
            one.cancel()
        await asyncio.gather(*many, return_exceptions=True)

    async def test_a_full_queue_and_a_long_wait_ask_the_sender_to_retry(self, monkeypatch, start):
        pool = start(processes=1, wait_seconds=0.05)
        first = asyncio.create_task(pool.inspect(file(slow_document())))
        while not pool._in_use:
            await asyncio.sleep(0.01)
        with pytest.raises(attachment_errors.ChecksBusy):
            await pool.inspect(file(PDF))
        monkeypatch.setattr(inspector, "WAITING", 0)
        with pytest.raises(attachment_errors.ChecksBusy):
            await pool.inspect(file(PDF))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


class TestProcess:
    async def test_a_process_has_no_secrets_and_no_connections(self, pool, monkeypatch):
        monkeypatch.setenv("ARYZ_DATABASE_URL", "postgresql://synaq:SynaqSecret@127.0.0.1/x")
        await pool.inspect(file(PDF))
        (process,) = processes(pool)
        assert "SynaqSecret" not in str(process.environ())
        assert not [name for name in process.environ() if name.startswith(("ARYZ", "AWS"))]
        assert process.num_fds() == 3

    async def test_a_process_ends_with_the_pool(self, pool):
        await pool.inspect(file(PDF))
        (process,) = processes(pool)
        await pool.close()
        assert not process.is_running()

    async def test_closing_the_pool_rejects_no_file(self, pool):
        working = asyncio.create_task(pool.inspect(file(slow_document())))
        while not [one for each in processes(pool) for one in each.children()]:
            await asyncio.sleep(0.01)
        await pool.close()
        with pytest.raises(Unavailable):
            await working

    async def test_a_process_ends_with_a_killed_service(self):
        program = (
            "import asyncio, sys\n"
            "from shared.files import policy\n"
            "from shared.files.inspector import FileToInspect, Inspector\n"
            "async def data():\n    yield b'hello'\n"
            "async def main():\n"
            "    pool = Inspector(policy.policy().limits)\n"
            "    await pool.inspect(FileToInspect(data(), 5, None, None))\n"
            "    print(pool._idle[0]._process.pid, flush=True)\n"
            "    await asyncio.sleep(60)\n"
            "asyncio.run(main())\n"
        )
        service = await asyncio.create_subprocess_exec(inspector.sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        inspecting = psutil.Process(int(await service.stdout.readline()))
        service.send_signal(signal.SIGKILL)
        await service.wait()
        psutil.wait_procs([inspecting], timeout=PATIENCE)
        assert not inspecting.is_running()

    async def test_a_killed_process_is_replaced(self, pool):
        await pool.inspect(file(PDF))
        (process,) = processes(pool)
        process.kill()
        while pool._idle[0].is_alive:
            await asyncio.sleep(0.01)
        assert (await pool.inspect(file(PDF))).kind.code == "PDF"
