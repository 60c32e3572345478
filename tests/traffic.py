"""Appeals that come in while a test does something else to the suite."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx

from suite.process import RunningSuite
from suite.tokens import issue

SENDERS = 4
AT_FIRST = 80  # acknowledged before the other thing begins
POLL_SECONDS = 0.02
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
    """Do `work` while appeals come in; it is handed the numbers acknowledged so far, which go on growing."""
    acknowledged: list[str] = []
    stop = Event()
    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(_send, suite, acknowledged, stop) for _ in range(SENDERS)]
        try:
            while len(acknowledged) < AT_FIRST:
                assert not any(sender.done() for sender in senders)
                stop.wait(POLL_SECONDS)
            work(acknowledged)
        finally:
            stop.set()
        for sender in senders:
            sender.result()


def _send(suite: RunningSuite, acknowledged: list[str], stop: Event) -> None:
    headers = {"Authorization": f"Bearer {issue(suite.data, 'channel')}"}
    with httpx.Client(base_url=suite.url, timeout=30, trust_env=False, headers=headers) as http:
        while not stop.is_set():
            answer = http.post("/intake/v1/appeals", json=BODY)
            if answer.status_code == httpx.codes.CREATED:
                acknowledged.append(answer.json()["number"])
