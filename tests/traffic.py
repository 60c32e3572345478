"""Background traffic of appeals and documents while a test does something else to the suite."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import httpx

from suite.process import RunningSuite
from suite.tokens import issue
from tests.patience import PATIENCE

SENDERS = 4
AT_FIRST = 80  # acknowledged before the work of the test begins
POLL_SECONDS = 0.02
TEXT = "Тестовый документ\n".encode()
BODY = {
    "channel": "CALL_1414",
    "kind": "CONSULTATION",
    "topic": "PAY_METHODS",
    "language": "ru",
    "region": "KZ-43",
    "text": "Тестовое обращение",
    "applicant": {},
}


def under_traffic(suite: RunningSuite, work: Callable[[list[str]], None]) -> None:
    """Run `work` while appeals arrive. It receives the list of acknowledged numbers, which keeps growing."""
    acknowledged: list[str] = []
    stop = Event()
    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(_send, suite, acknowledged, stop, encloses=place == 0) for place in range(SENDERS)]
        try:
            while len(acknowledged) < AT_FIRST:
                assert not any(sender.done() for sender in senders)
                stop.wait(POLL_SECONDS)
            work(acknowledged)
        finally:
            stop.set()
        for sender in senders:
            sender.result()


@dataclass(frozen=True)
class Document:
    """A document attached to an appeal, and how to read it again."""

    path: str
    pin: str
    content: bytes

    def read(self, suite: RunningSuite) -> bytes:
        return httpx.get(f"{suite.url}{self.path}", headers={"Appeal-Pin": self.pin}, trust_env=False).raise_for_status().content


def appeal_with_document(suite: RunningSuite, content: bytes) -> Document:
    """File an appeal and attach a text to it."""
    with _client(suite) as http:
        return _with_attachment(http, http.post("/intake/v1/appeals", json=BODY).raise_for_status().json(), content)


def _send(suite: RunningSuite, acknowledged: list[str], stop: Event, *, encloses: bool) -> None:
    with _client(suite) as http:
        while not stop.is_set():
            answer = http.post("/intake/v1/appeals", json=BODY)
            if answer.status_code == httpx.codes.CREATED:
                acknowledged.append(answer.json()["number"])
                if encloses:
                    _with_attachment(http, answer.json(), TEXT)


def _client(suite: RunningSuite) -> httpx.Client:
    headers = {"Authorization": f"Bearer {issue(suite.data, 'channel')}"}
    return httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False, headers=headers)


def _with_attachment(http: httpx.Client, receipt: dict[str, str], content: bytes) -> Document:
    path, pin = f"/intake/v1/appeals/{receipt['number']}/attachments", receipt["pin"]
    answer = http.post(path, content=content, headers={"Appeal-Pin": pin, "Content-Type": "text/plain"}).raise_for_status()
    return Document(f"{path}/{answer.json()['attachment_id']}", pin, content)
