"""What deploy/monitoring asks of Prometheus, and a Prometheus that scrapes running processes with its configuration."""

import json
import shutil
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path

import httpx
import yaml

from suite.processes import _free_ports
from tests.patience import PATIENCE, wait_until

MONITORING = Path(__file__).parents[1] / "deploy/monitoring"


@cache
def rules():
    return [
        rule
        for file in sorted((MONITORING / "rules").glob("*.yml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


@cache
def queries():
    """Return all queries of rules and dashboards, those with an interval of Grafana's with a fixed one."""
    panels = [panel for file in (MONITORING / "dashboards").glob("*.json") for panel in json.loads(file.read_text())["panels"]]
    shown = {target["expr"].replace("$__rate_interval", "1m") for panel in panels for target in panel.get("targets", ())}
    return {"rules": [rule["expr"] for rule in rules()], "dashboards": sorted(shown)}


class Prometheus:
    """The HTTP API of a running Prometheus."""

    def __init__(self, url):
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE, trust_env=False)

    def close(self):
        self._http.close()

    def get(self, path, **params):
        answer = self._http.get(path, params=params)
        assert answer.is_success, (params, answer.text)
        return answer.json()["data"]

    def query(self, query):
        return self.get("/query", query=query)["result"]

    def traces_of(self, query):
        """Return the ids of the traces that the exemplars of a metric name."""
        found = self.get("/query_exemplars", query=query, start=0, end=time.time())
        return {exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]}

    def series(self):
        """Return the labels of every series of the scraped processes, by metric."""
        found = {}
        for labels in self.get("/series", **{"match[]": '{job="aryz"}'}):
            found.setdefault(labels.pop("__name__"), []).append(labels)
        return found


@contextmanager
def scraping(folder, targets, token):
    """Run Prometheus over `targets` (labels to address) with the configuration of deploy/monitoring, at a scrape a second."""
    shutil.copytree(MONITORING, folder, dirs_exist_ok=True)
    config = yaml.safe_load((folder / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "secrets").mkdir()
    (folder / "secrets/metrics-token").write_text(token)
    (folder / "targets/compose.yml").unlink()
    found = [{"targets": [address], "labels": {"service": service, "process": process}} for (service, process), address in targets.items()]
    (folder / "targets/test.yml").write_text(yaml.safe_dump(found))
    [port] = _free_ports(1)
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"]
    command.append("--enable-feature=exemplar-storage")
    with (folder / "log").open("w") as log, ExitStack() as opened, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            prometheus = opened.enter_context(closing(Prometheus(f"http://127.0.0.1:{port}")))

            def is_up():
                assert process.poll() is None, (folder / "log").read_text()
                with suppress(httpx.TransportError, AssertionError):
                    return len(prometheus.query('up{job="aryz"} == 1')) == len(targets)
                return False

            wait_until(is_up)
            yield prometheus
        finally:
            process.kill()
