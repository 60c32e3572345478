"""The functions of docs/integration/webhooks.md accept what the service sends and nothing else."""

import json
import re
import runpy
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE

PAGE = Path(__file__).parents[5] / "docs" / "integration" / "webhooks.md"
CALL = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0));
console.log(JSON.stringify(verify(given.secret, given.headers, Buffer.from(given.body), given.now)));
"""


def printed(language):
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    return block


def by_python(folder, secret, headers, body, now):
    module = folder / "verify.py"
    module.write_text(printed("python"))
    return runpy.run_path(str(module))["verify"](secret, headers, body, now)


def by_node(folder, secret, headers, body, now):
    program = folder / "verify.mjs"
    program.write_text(printed("js") + CALL)
    given = json.dumps({"secret": secret, "headers": headers, "body": body.decode(), "now": now})
    done = subprocess.run(["node", str(program)], input=given, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)


@pytest.fixture(params=[by_python, by_node])
def verify(request, tmp_path):
    return lambda *given: request.param(tmp_path, *given)


@pytest.fixture
async def sent(partner, receiver, trial):
    """A webhook of a real update: its secret, headers and body, and the time of its arrival."""
    subscription = await partner.subscribe(receiver.url)
    await partner.live(await partner.file(external_number="ЖТ-7"), "routed")
    assert await partner.deliver() == 1
    [(headers, body)] = receiver.got
    return subscription["secret"], headers, body, trial.clock.now().timestamp()


class TestThePrintedFunctions:
    async def test_an_update_is_accepted(self, verify, sent):
        secret, headers, body, now = sent

        assert verify(secret, headers, body, now)["data"]["external_number"] == "ЖТ-7"
        assert verify(secret, headers | {"webhook-signature": "v1,AAAA " + headers["webhook-signature"]}, body, now) == json.loads(body)

    async def test_anything_else_is_refused(self, verify, sent):
        secret, headers, body, now = sent
        refused = [
            ("whsec_" + "A" * 44, headers, body, now),
            (secret, headers, body.replace(b"case", b"cose").replace(b"appeal", b"oppeal"), now),
            (secret, headers | {"webhook-id": "msg_other"}, body, now),
            (secret, headers | {"webhook-signature": "v1,AAAA"}, body, now),
            (secret, headers, body, now + 301),
        ]
        for given in refused:
            with pytest.raises(ValueError, match="webhook"):
                verify(*given)
