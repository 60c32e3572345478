"""Sample where a process of the suite spends its processor time. Python imports this module at the start if its folder is in PYTHONPATH.

SIGUSR1 begins the sampling, the next one ends it and writes a text to ARYZ_SAMPLER_FOLDER. Each 5 ms of processor time the stack is noted.
Time in C code counts for the Python function that called it, and time of the event loop's own C code for the function that runs next.
"""

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

SECONDS = 0.005
DEEPEST = 120
ROWS = 40
ROOT = Path(__file__).parents[3]
PRODUCT = tuple(f"{ROOT / folder}/" for folder in ("services", "shared", "deploy"))
SERVICES = ("intake", "provider_contact", "routing", "analytics")
alone: Counter[CodeType] = Counter()
"""Samples by the function that ran."""
within: Counter[CodeType] = Counter()
"""Samples by every function on the stack, once each."""
callers: Counter[CodeType] = Counter()
"""Samples by the innermost function of the product: what it spends in libraries counts as its own."""


def sample(_signal: int, frame: FrameType | None) -> None:
    if frame is not None:
        alone[frame.f_code] += 1
    stack: dict[CodeType, None] = {}
    while frame is not None and len(stack) < DEEPEST:
        stack[frame.f_code] = None
        frame = frame.f_back
    if (module := sys.modules.get("greenlet")) is not None:  # SQLAlchemy runs its statements in one: the caller is in the parent
        running = module.getcurrent().parent
        while running is not None and len(stack) < DEEPEST:
            frame = running.gr_frame
            while frame is not None and len(stack) < DEEPEST:
                stack[frame.f_code] = None
                frame = frame.f_back
            running = running.parent
    within.update(stack.keys())
    for code in stack:
        if code.co_filename.startswith(PRODUCT):
            callers[code] += 1
            break


def package(code: CodeType) -> str:
    """Return the distribution, the folder of the product, or the module of the standard library that a function is part of."""
    path = code.co_filename
    if "site-packages/" in path:
        return path.rpartition("site-packages/")[2].partition("/")[0].removesuffix(".py")
    if path.startswith(f"{ROOT}/"):
        parts = Path(path).relative_to(ROOT).parts
        return "/".join(parts[2:4] if parts[0] == "services" else parts[:2]).removesuffix(".py")
    return "python " + path.rpartition("/python3.11/")[2].partition("/")[0].removesuffix(".py") if "/" in path else path


def table(title: str, rows: Counter[str], total: int) -> list[str]:
    return [title, *(f"{count / total:6.1%}  {name}" for name, count in rows.most_common(ROWS)), ""]


def by_name(counted: Counter[CodeType]) -> Counter[str]:
    names: Counter[str] = Counter()
    for code, count in counted.items():
        names[f"{package(code)}  {code.co_qualname}  ({Path(code.co_filename).name}:{code.co_firstlineno})"] += count
    return names


def write(path: Path) -> None:
    total = alone.total()
    packages: Counter[str] = Counter()
    for code, count in alone.items():
        packages[package(code)] += count
    lines = [f"{total} samples, {total * SECONDS:.1f} s of processor time", ""]
    if total:
        lines += table("By package, of the function that ran", packages, total)
        lines += table("By function that ran", by_name(alone), total)
        lines += table("By innermost function of the product, with the libraries that it calls", by_name(callers), total)
        lines += table("By function on the stack", by_name(within), total)
    path.write_text("\n".join(lines))


def begin() -> None:
    """Install the switch in a process of a service, `python -m <service> api|worker`."""
    folder = os.environ.get("ARYZ_SAMPLER_FOLDER")
    program = sys.orig_argv[2:4]
    if folder is None or len(program) < 2 or program[0] not in SERVICES:
        return
    path = Path(folder) / f"{program[0]}-{program[1]}.txt"

    def switch(_signal: int, _frame: FrameType | None) -> None:
        if signal.getitimer(signal.ITIMER_PROF)[1]:
            signal.setitimer(signal.ITIMER_PROF, 0)
            write(path)
        else:
            signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)

    for number, handler in ((signal.SIGPROF, sample), (signal.SIGUSR1, switch)):
        signal.signal(number, handler)
        signal.siginterrupt(number, False)


begin()
