"""The tables of the growth benchmark: a column for each size, and the last one divided by the first."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.country_report import with_sums
from tests.benchmarks.country_usage import LOAD, MEGABYTE, POSTGRES
from tests.benchmarks.growth_run import SizeResult
from tests.benchmarks.growth_statements import grown

STATEMENTS_SHOWN = 8
INDEXES_SHOWN = 8
SHOWN_MS = 0.005  # of growth for each appeal: less is within what two runs of one size differ
SHOWN_TEXT = 150


def print_result(console: Console, sizes: Sequence[SizeResult]) -> None:
    """Print what was measured at each size."""
    console.print(_whole(sizes))
    console.print(_processes(sizes))
    console.print(_consumers(sizes))
    console.print(_disk(sizes))
    if len(sizes) > 1:
        console.print(_statements(sizes[0], sizes[-1]))
    missing = sum(each.missing for each in sizes)
    console.print(f"{missing} appeals are lost" if missing else "nothing is lost", style="red" if missing else "green")


def markdown(sizes: Sequence[SizeResult]) -> str:
    """Return the table of docs/capacity.md."""
    rows = [
        ("stored appeals", *(_thousands(each.stored.appeals) for each in sizes), "last / first"),
        ("---", *("---:" for _ in (*sizes, 0))),
    ]
    rows += [_row(name, found, form) for name, found, form in _summary(sizes)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _summary(sizes: Sequence[SizeResult]) -> Iterator[tuple[str, Sequence[float], str]]:
    yield "processor ms per appeal, together", [sum(each.processor_ms.values()) for each in sizes], ".2f"
    for name in ("intake", "routing", "provider-contact", "analytics"):
        yield f"PostgreSQL {name}, ms per appeal", [each.processor_ms[f"{POSTGRES} {name}"] for each in sizes], ".3f"
    for service in sizes[0].consumers:
        yield f"consumer of {service}, median µs per event", [each.consumers[service].median_us for each in sizes], ".0f"
    yield "accepted a second", [each.accepted_per_second for each in sizes], ".0f"
    yield "registered to routed, p99 ms", [each.routed.p99 for each in sizes], ".0f"
    yield "databases, MB", [each.stored.megabytes for each in sizes], ".0f"
    yield "databases, kB per appeal", [each.stored.megabytes * 1024 / each.stored.appeals for each in sizes], ".1f"


def _row(name: str, found: Sequence[float], form: str) -> tuple[str, ...]:
    """Return the cells of a figure, with the last one divided by the first."""
    ratio = f"{found[-1] / found[0]:.2f}" if found[0] and found[-1] else ""
    return (name, *(format(each, form) for each in found), ratio)


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _table(title: str, first: str, sizes: Sequence[SizeResult]) -> Table:
    columns = (first, *(_thousands(each.stored.appeals) for each in sizes), "last / first")
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _add(table: Table, name: str, found: Sequence[float], form: str = ".3f") -> None:
    table.add_row(*_row(name, found, form))


def _whole(sizes: Sequence[SizeResult]) -> Table:
    table = _table("Appeals at full speed, by what was stored before", "Stored appeals", sizes)
    _add(table, "open ones", [each.stored.open for each in sizes], ".0f")
    _add(table, "sent", [each.appeals for each in sizes], ".0f")
    _add(table, "accepted a second", [each.accepted_per_second for each in sizes], ".0f")
    _add(table, "accepted and consumed a second", [each.per_second for each in sizes], ".0f")
    _add(table, "response p99, ms", [each.accepted.p99 for each in sizes], ".0f")
    _add(table, "registered to routed p50, ms", [each.routed.p50 for each in sizes], ".0f")
    _add(table, "registered to routed p99, ms", [each.routed.p99 for each in sizes], ".0f")
    _add(table, "copying before, s", [each.copy_seconds for each in sizes], ".0f")
    return table


def _processes(sizes: Sequence[SizeResult]) -> Table:
    table = _table("Processor ms per appeal; the load generator is apart", "Process", sizes)
    spent = [dict(with_sums(each.processor_ms)) for each in sizes]
    for name in spent[0]:
        _add(table, name, [each.get(name, 0.0) for each in spent])
    _add(table, LOAD, [each.load_ms for each in sizes])
    return table


def _consumers(sizes: Sequence[SizeResult]) -> Table:
    """Every consumer's median; below it the mean and what the database's sessions take of it."""
    table = _table("Processor µs per consumed event, worker and its sessions: median of samples of a second", "Consumer", sizes)
    for service in sizes[0].consumers:
        costs = [each.consumers[service] for each in sizes]
        _add(table, service, [each.median_us for each in costs], ".0f")
        _add(table, "  mean", [each.mean_us for each in costs], ".0f")
        _add(table, "  of it PostgreSQL", [each.database_us for each in costs], ".0f")
    return table


def _disk(sizes: Sequence[SizeResult]) -> Table:
    stored = [each.stored for each in sizes]
    table = _table("Databases, MB, and the largest indexes of the last size", "Database", sizes)
    _add(table, "together", [each.megabytes for each in stored], ".0f")
    _add(table, "kB per appeal", [each.megabytes * 1024 / each.appeals for each in stored], ".2f")
    for service in stored[0].tables:
        _add(table, service, [(each.tables[service] + each.indexes[service]) / MEGABYTE for each in stored], ".0f")
        _add(table, "  of it indexes", [each.indexes[service] / MEGABYTE for each in stored], ".0f")
    for name in list(stored[-1].by_index)[:INDEXES_SHOWN]:
        _add(table, name, [each.by_index.get(name, 0) / MEGABYTE for each in stored], ".1f")
    return table


def _statements(first: SizeResult, last: SizeResult) -> Table:
    """The statements that take more time for each appeal at the last size than at the first."""
    columns = ("Database", "Statement", "ms per appeal", "Blocks per appeal", "Calls per appeal")
    table = Table(
        *columns,
        title="Statements that take longer at the last size by the server's clock; those that read more blocks come first",
        title_justify="left",
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for row in _statement_rows(first, last):
        table.add_row(*row)
    if not table.row_count:
        table.add_row("", f"none by more than {SHOWN_MS} ms per appeal", "", "", "")
    return table


def _statement_rows(first: SizeResult, last: SizeResult) -> Iterator[tuple[str, ...]]:
    more = [each for each in grown(first.statements, last.statements) if each.more_ms >= SHOWN_MS]
    for each in more[:STATEMENTS_SHOWN]:
        before, after = each.before, each.after
        text = after.text if len(after.text) <= SHOWN_TEXT else f"{after.text[:SHOWN_TEXT]}…"
        figures = (
            (f"{old:.3f}", f"{new:.3f}") for old, new in ((before.ms, after.ms), (before.blocks, after.blocks), (before.calls, after.calls))
        )
        yield after.database, text, *(f"{old} → {new}" for old, new in figures)
