"""What people do in the rehearsal: a citizen files an appeal with a document, a clerk signs in at the identity provider and answers it."""

import html
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx

Found = TypeVar("Found")

PATIENCE: Final = 300.0
POLL_SECONDS: Final = 1.0
CLERK: Final = "clerk"
DOCUMENT: Final = "Тестовый документ\n".encode()
ANSWER: Final = "Взносы платят через любой банк до 25 числа."
APPEAL: Final = {
    "kind": "CONSULTATION",
    "topic": "PAY_METHODS",
    "language": "ru",
    "region": "KZ-43",
    "text": "Как оплатить взносы?",
    "applicant": {},
}


class Unexpected(RuntimeError):
    """A step of the rehearsal had another result than it should have."""


def eventually(ask: Callable[[], Found | None], what: str) -> Found:
    """Ask until there is an answer. Raises Unexpected after PATIENCE seconds."""
    until = time.monotonic() + PATIENCE
    while (found := ask()) is None:
        if time.monotonic() > until:
            raise Unexpected(f"not after {PATIENCE:.0f} s: {what}")
        time.sleep(POLL_SECONDS)
    return found


def _client(url: str) -> httpx.Client:
    http = httpx.Client(base_url=url, timeout=60.0, trust_env=False)

    def accept(_response: httpx.Response) -> None:
        for cookie in http.cookies.jar:  # as browsers do: a Secure one is sent to this machine without TLS too
            cookie.secure = False

    http.event_hooks = {"response": [accept]}
    return http


def create_clerk(identity: str, administrator_password: str) -> str:
    """Create a specialist of one region as an administrator of the identity provider does, and return the password."""
    with _client(identity) as http:
        grant = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": administrator_password}
        token = http.post("/realms/master/protocol/openid-connect/token", data=grant).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        password = secrets.token_urlsafe(16)
        person = {
            "username": CLERK,
            "firstName": "Сынақ",
            "lastName": "Маман",
            "email": "clerk@example.org",
            "enabled": True,
            "attributes": {"region": [APPEAL["region"]]},
            "credentials": [{"type": "password", "value": password}],
        }
        address = http.post("/admin/realms/aryz/users", json=person).raise_for_status().headers["Location"]
        role = http.get("/admin/realms/aryz/roles/specialist").raise_for_status().json()
        http.post(f"{address}/role-mappings/realm", json=[role]).raise_for_status()
        return password


def sign_in(gateway: str, identity: str, password: str) -> str:
    """Sign in through the pages as a browser does, open the desk, and return the access token of the session."""
    with _client(gateway) as http:
        http.follow_redirects = True
        form = http.get("/sign-in", params={"next": "/routing/desk"}).raise_for_status()
        if not str(form.url).startswith(f"{identity}/realms/aryz/"):
            raise Unexpected(f"/sign-in leads to {form.url.copy_with(query=None)}")
        action = re.search(r'action="([^"]+)"', form.text)
        if action is None:
            raise Unexpected("the identity provider shows no form")
        desk = http.post(html.unescape(action[1]), data={"username": CLERK, "password": password}).raise_for_status()
        if desk.url.path != "/routing/desk":
            raise Unexpected(f"after the sign-in the browser is at {desk.url.copy_with(query=None)}")
        return http.cookies["aryz_session"]


def file_appeal(gateway: str) -> dict[str, Any]:
    """File an appeal with a document through the public API, and return the receipt."""
    with _client(gateway) as http:
        filed = http.post("/intake/v1/appeals", json=APPEAL, headers={"Idempotency-Key": str(uuid4())}).raise_for_status()
        receipt: dict[str, Any] = filed.json()
        path = f"/intake/v1/appeals/{receipt['number']}/attachments"
        headers = {"Appeal-Pin": receipt["pin"], "Content-Type": "text/plain"}
        attached = http.post(path, content=DOCUMENT, headers=headers).raise_for_status().json()
        return receipt | {"document": f"{path}/{attached['attachment_id']}"}


def answer(gateway: str, token: str, receipt: dict[str, Any]) -> None:
    """Find the case on the desk, claim it and answer it."""
    with _client(gateway) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        path = f"/routing/v1/cases/{receipt['appeal_id']}"

        def case() -> dict[str, Any] | None:
            found = http.get(path)
            return found.json() if found.is_success else None

        shown = eventually(case, "the case is on the desk")
        for action, fields in (("claim", {}), ("answer", {"language": "ru", "text": ANSWER})):
            body = {"expected_version": shown["version"], **fields}
            done = http.post(f"{path}/actions/{action}", json=body, headers={"Idempotency-Key": str(uuid4())})
            if not done.is_success:
                raise Unexpected(f"{action}: {done.status_code} {done.text}")
            shown = done.json()


def read_answer(gateway: str, receipt: dict[str, Any]) -> None:
    """Read answer and document as the citizen. Raises Unexpected if one of them is not there."""
    with _client(gateway) as http:
        http.headers["Appeal-Pin"] = receipt["pin"]

        def answered() -> dict[str, Any] | None:
            found: dict[str, Any] = http.get(f"/intake/v1/appeals/{receipt['number']}").raise_for_status().json()
            return found if found.get("answer") else None

        if eventually(answered, "the citizen reads the answer")["answer"]["text"] != ANSWER:
            raise Unexpected("the citizen reads another answer")
        if http.get(receipt["document"]).raise_for_status().content != DOCUMENT:
            raise Unexpected("the document is another one")
