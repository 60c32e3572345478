"""The Grafana dashboards: one for each service and one for the path of an appeal. `make dashboards` writes them as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Unit = Literal["s", "short", "reqps", "percentunit", "bytes", "cps"]

FOLDER: Final = Path(__file__).parent / "dashboards"
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
WIDTH: Final = 24  # columns of Grafana's grid
COLUMNS: Final = 3
HEIGHT: Final = 8
TITLES: Final = {"intake": "Intake", "routing": "Routing", "provider-contact": "Provider contact", "analytics": "Analytics"}
ACCEPT: Final = 'service="intake",method="POST",route="/intake/v1/appeals"'
REQUESTS: Final = "aryz_http_request_duration_seconds"


@dataclass(frozen=True)
class Series:
    """A query and the legend of its lines."""

    query: str
    legend: str


@dataclass(frozen=True)
class Panel:
    title: str
    unit: Unit
    series: Sequence[Series]
    note: str = ""


@dataclass(frozen=True)
class Row:
    title: str
    panels: Sequence[Panel]


def rate(metric: str, labels: str, by: str = "") -> str:
    """Return the query of a counter's rate, summed over processes."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share: str, metric: str, labels: str, by: str = "") -> str:
    """Return the query of a quantile of a histogram."""
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', labels, f'le, {by}' if by else 'le')})"


def _requests(service: str) -> Row:
    of = f'service="{service}"'
    failed = f'{of},status=~"5.."'
    return Row(
        "Requests",
        [
            Panel("Requests a second, by status", "reqps", [Series(rate(f"{REQUESTS}_count", of, "status"), "{{status}}")]),
            Panel(
                "Share of answers that are errors of ours",
                "percentunit",
                [Series(f"{rate(f'{REQUESTS}_count', failed)} / {rate(f'{REQUESTS}_count', of)}", "5xx")],
            ),
            Panel(
                "Time to answer, p99 of the ten slowest routes",
                "s",
                [Series(f"topk(10, {quantile('0.99', REQUESTS, of, 'method, route')})", "{{method}} {{route}}")],
            ),
        ],
    )


def _events(service: str) -> Row:
    of = f'service="{service}"'
    return Row(
        "Events",
        [
            Panel("Events applied a second, by type", "cps", [Series(rate("aryz_handled_events_total", of, "type"), "{{type}}")]),
            Panel(
                "Events not applied yet, by topic",
                "short",
                [Series(f"max by (topic) (aryz_consumer_lag_events{{{of}}})", "{{topic}}")],
            ),
            Panel(
                "Time from an event to its effect",
                "s",
                [Series(quantile(share, "aryz_consumer_delay_seconds", of), f"p{share[2:]}") for share in ("0.50", "0.99")],
                "Of the oldest event of each batch.",
            ),
            Panel(
                "Events in one transaction, p50 and p99",
                "short",
                [Series(quantile(share, "aryz_consumer_batch_events", of), f"p{share[2:]}") for share in ("0.50", "0.99")],
            ),
            Panel("Batches that wait, a second", "cps", [Series(rate("aryz_batch_waits_total", of, "error"), "{{error}}")]),
            Panel(
                "Parked events, and events of unknown type",
                "short",
                [
                    Series(f"max(aryz_dead_letters_waiting{{{of}}})", "parked"),
                    Series(f"sum(increase(aryz_dead_letters_total{{{of}}}[1h]))", "parked in the last hour"),
                    Series(f"sum(increase(aryz_unknown_events_total{{{of}}}[1h]))", "unknown in the last hour"),
                ],
            ),
            Panel(
                "Age of the oldest event in the outbox",
                "s",
                [Series(f"max(aryz_relay_lag_seconds{{{of}}} and aryz_relay_leads == 1)", "outbox")],
            ),
            Panel("Leaders of the relay", "short", [Series(f"sum(aryz_relay_leads{{{of}}})", "leaders")], "One of the workers leads."),
        ],
    )


def _processes(service: str) -> Row:
    of = f'service="{service}"'
    each = "{{process}} {{instance}}"
    return Row(
        "Processes",
        [
            Panel("Processor time, cores", "short", [Series(f"rate(process_cpu_seconds_total{{{of}}}[$__rate_interval])", each)]),
            Panel("Memory", "bytes", [Series(f"process_resident_memory_bytes{{{of}}}", each)]),
            Panel("Open files, share of the limit", "percentunit", [Series(f"process_open_fds{{{of}}} / process_max_fds{{{of}}}", each)]),
            Panel("Open connections", "short", [Series(f"aryz_connections_open{{{of}}}", each)]),
            Panel(
                "Connections refused or closed a second",
                "cps",
                [
                    Series(rate("aryz_connections_refused_total", of, "reason"), "refused: {{reason}}"),
                    Series(rate("aryz_connections_closed_total", of, "reason"), "closed: {{reason}}"),
                ],
            ),
            Panel("Processes that answer", "short", [Series(f'sum by (process) (up{{job="aryz",{of}}})', "{{process}}")]),
        ],
    )


def _own_rows(service: str) -> Sequence[Row]:
    """Return what only this service measures."""
    if service == "intake":
        return [
            Row(
                "Acceptance and guesses",
                [
                    Panel(
                        "Time to accept an appeal",
                        "s",
                        [Series(quantile(share, REQUESTS, ACCEPT), f"p{share[2:]}") for share in ("0.50", "0.99")],
                    ),
                    Panel("PINs not evaluated, a second", "cps", [Series(rate("aryz_guesses_refused_total", "", "limit"), "{{limit}}")]),
                    Panel(
                        "Limits of guesses reached in an hour",
                        "short",
                        [Series("sum by (limit) (increase(aryz_guess_limits_reached_total[1h]))", "{{limit}}")],
                    ),
                ],
            )
        ]
    if service == "routing":
        return [
            Row(
                "Classifier, articles, calendar",
                [
                    Panel(
                        "Appeals by decision, in a day",
                        "short",
                        [Series("sum by (decision) (increase(aryz_classified_appeals_total[1d]))", "{{decision}}")],
                    ),
                    Panel(
                        "Share of words that no training text has",
                        "percentunit",
                        [
                            Series(
                                "sum(increase(aryz_classified_new_words_total[1d])) / sum(increase(aryz_classified_words_total[1d]))", "new"
                            )
                        ],
                    ),
                    Panel("Articles to renew", "short", [Series("max by (attention) (aryz_articles_to_renew)", "{{attention}}")]),
                    Panel(
                        "Time until the working calendar ends", "s", [Series("min(aryz_calendar_end_timestamp_seconds) - time()", "left")]
                    ),
                ],
            )
        ]
    return []


def _path() -> Sequence[Row]:
    accepted = Panel(
        "1 Accepted: appeals a second",
        "reqps",
        [Series(rate(f"{REQUESTS}_count", ACCEPT + ',status="201"'), "accepted"), Series(rate(f"{REQUESTS}_count", ACCEPT), "asked")],
    )
    stored = Panel("1 Accepted: time to answer, p99", "s", [Series(quantile("0.99", REQUESTS, ACCEPT), "p99")])
    published = Panel(
        "2 Published: age of the oldest event in each outbox",
        "s",
        [Series("max by (service) (aryz_relay_lag_seconds and aryz_relay_leads == 1)", "{{service}}")],
    )
    waiting = Panel(
        "3 In the log: events that a service has not applied",
        "short",
        [Series("sum by (service) (max by (service, topic) (aryz_consumer_lag_events))", "{{service}}")],
    )
    applied = Panel(
        "3 Applied: time from an event to its effect, p99",
        "s",
        [Series(quantile("0.99", "aryz_consumer_delay_seconds", "", "service"), "{{service}}")],
    )
    steps = Panel(
        "4 Steps of appeals: events applied by analytics a second",
        "cps",
        [Series(rate("aryz_handled_events_total", 'service="analytics"', "type"), "{{type}}")],
        "Analytics reads every fact of an appeal: registered, routed, sent to a provider, answered, closed.",
    )
    parked = Panel("Parked events", "short", [Series("max by (service) (aryz_dead_letters_waiting)", "{{service}}")])
    budget = Panel(
        "Error rate of the last hour, in budgets",
        "short",
        [Series("aryz:slo_errors:ratio1h / aryz:slo_budget:ratio", "{{slo}}")],
        "1: the budget of 30 days is spent in 30 days. 14.4 alerts.",
    )
    processes = Panel("Processes that answer", "short", [Series('sum by (service, process) (up{job="aryz"})', "{{service}} {{process}}")])
    return [
        Row("The path of an appeal", [accepted, stored, published, waiting, applied, steps]),
        Row("Objectives", [budget, parked, processes]),
    ]


def _panel(panel: Panel, number: int, position: int, top: int) -> dict[str, Any]:
    width = WIDTH // COLUMNS
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.note,
        "datasource": SOURCE,
        "gridPos": {"x": position % COLUMNS * width, "y": top + position // COLUMNS * HEIGHT, "w": width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": series.query,
                "legendFormat": series.legend,
                "exemplar": series.query.startswith("histogram_quantile("),
            }
            for index, series in enumerate(panel.series)
        ],
    }


def dashboard(uid: str, title: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return a dashboard in Grafana's JSON model. Its data source is a variable."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        position = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        panels.append({"id": len(panels) + 1, "type": "row", "title": row.title, "collapsed": False, "gridPos": position, "panels": []})
        panels += [_panel(panel, len(panels) + 1 + index, index, top + 1) for index, panel in enumerate(row.panels)]
        top += 1 + -(-len(row.panels) // COLUMNS) * HEIGHT
    return {
        "uid": uid,
        "title": title,
        "tags": ["aryz"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [{"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}]},
        "links": [{"title": "Aryz", "type": "dashboards", "tags": ["aryz"], "asDropdown": True}],
        "panels": panels,
    }


def dashboards() -> dict[str, dict[str, Any]]:
    """Return every dashboard by the name of its file."""
    of_services = {
        service: dashboard(
            f"aryz-{service}", f"Aryz: {title}", [*_own_rows(service), _requests(service), _events(service), _processes(service)]
        )
        for service, title in TITLES.items()
    }
    return {"path": dashboard("aryz-path", "Aryz: the path of an appeal", _path()), **of_services}


def main() -> None:
    for name, found in dashboards().items():
        (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
