"""No test depends on how fast the machine is at the moment.

Waits are generous (`tests.patience`), and only tests/benchmarks and tests/chaos, which have the machine to themselves, look at a clock.
"""

import ast
from pathlib import Path

TESTS = Path(__file__).parent
BY_THE_CLOCK = {"benchmarks", "chaos", "patience.py"}
RUNS_OF_A_LENGTH = {"security/fuzz.py", "security/deployed.py"}
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
SHORT = 2.0  # seconds; whatever is shorter is a poll, or a wait for something that must not happen


def _clocks_and_waits(node, *, expects_time_out=False):
    """Line and description of each look at a clock, and of each wait for a fixed number of seconds."""
    if isinstance(node, ast.With | ast.AsyncWith):
        expects_time_out = expects_time_out or any("raises(TimeoutError" in ast.unparse(item.context_expr) for item in node.items)
    if isinstance(node, ast.Attribute) and node.attr in CLOCKS and ast.unparse(node.value) == "time":
        yield node.lineno, f"time.{node.attr}: use time.thread_time or tests.patience.wait_until"
    if isinstance(node, ast.ImportFrom) and node.module == "time" and any(each.name in CLOCKS for each in node.names):
        yield node.lineno, "a clock is imported: use time.thread_time or tests.patience.wait_until"
    if isinstance(node, ast.Call) and not expects_time_out:
        for seconds in _seconds(node):
            if isinstance(seconds, ast.Constant) and isinstance(seconds.value, int | float) and seconds.value >= SHORT:
                yield node.lineno, f"{ast.unparse(node.func)} waits {seconds.value} s: use tests.patience.PATIENCE"
    for child in ast.iter_child_nodes(node):
        yield from _clocks_and_waits(child, expects_time_out=expects_time_out)


def _seconds(call):
    name = ast.unparse(call.func)
    given = [each.value for each in call.keywords if each.arg in {"timeout", "patience"}]
    if name == "asyncio.timeout":
        return given + call.args[:1]
    return given + call.args[1:2] if name == "asyncio.wait_for" else given


def test_no_test_outside_the_benchmarks_depends_on_the_speed_of_the_machine():
    modules = [path for path in TESTS.rglob("*.py") if path.relative_to(TESTS).parts[0] not in BY_THE_CLOCK]
    modules = [path for path in modules if str(path.relative_to(TESTS)) not in RUNS_OF_A_LENGTH]
    found = [
        f"{path.relative_to(TESTS)}:{line}: {what}" for path in modules for line, what in _clocks_and_waits(ast.parse(path.read_text()))
    ]
    assert len(modules) > 100
    assert found == []


def test_the_check_finds_what_it_is_for():
    bad = ["async with asyncio.timeout(5): ...", "await asyncio.wait_for(x, 10)", "get(timeout=30)", "assert time.monotonic() < 1"]
    assert [line for line, _ in _clocks_and_waits(ast.parse("\n".join(bad)))] == [1, 2, 3, 4]
    good = ["asyncio.timeout(PATIENCE)", "get(timeout=1)", "with pytest.raises(TimeoutError):", "    await asyncio.wait_for(x, 4)"]
    assert list(_clocks_and_waits(ast.parse("\n".join(good)))) == []
