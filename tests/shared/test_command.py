import json
import os
import subprocess
import sys

import pytest

from shared.migrations import head
from tests.patience import LONG_PATIENCE

NEWEST = head("routing")


WRONG = [
    (
        {"ARYZ_OIDC_ISSUER": "https://example.org", "ARYZ_ROUTING_PUBLIC_URL": "https://aryz.example"},
        "routing: ARYZ_OIDC_JWKS_URL is needed beside ARYZ_OIDC_ISSUER",
    ),
    ({"ARYZ_OIDC_ISSUER": "https://example.org"}, "routing: settings: ARYZ_ROUTING_PUBLIC_URL: is needed beside ARYZ_OIDC_ISSUER"),
    ({"ARYZ_ENV": "production"}, "routing: the local issuer is for one machine"),
    ({"ARYZ_PREFIX": "Secret!"}, "routing: settings: ARYZ_PREFIX: "),
    ({"ARYZ_ROUTING_CLOCK_SECONDS": "Secret!"}, "routing: settings: ARYZ_ROUTING_CLOCK_SECONDS: "),
    ({"ARYZ_LOG_LEVEL": "Secret!"}, "routing: settings: ARYZ_LOG_LEVEL: "),
    ({"ARYZ_TRUSTED_PROXIES": "Secret!"}, "routing: settings: "),
    ({"ARYZ_TRUSTED_PROXIES": '["Secret!"]'}, "routing: settings: ARYZ_TRUSTED_PROXIES.0: "),
]


def run(tmp_path, *arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ARYZ_DATA": str(tmp_path)} | settings
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=environment, input=given, capture_output=True, text=True, timeout=LONG_PATIENCE, check=False)


class TestMain:
    @pytest.mark.parametrize("verb", ["api --port 0", "worker", "replay"])
    def test_a_database_that_is_not_migrated_is_one_sentence(self, tmp_path, verb):
        done = run(tmp_path, "routing", *verb.split())
        assert (done.returncode, done.stderr.splitlines()[-1]) == (
            1,
            "routing: the database is not at the newest revision; run `migrate` first",
        )
        assert "Traceback" not in done.stderr

    def test_migrating_says_where_the_database_is_and_then_there_is_nothing_to_replay(self, tmp_path):
        assert run(tmp_path, "routing", "migrate").stdout == f"routing: the database is at revision {NEWEST}\n"
        assert run(tmp_path, "routing", "replay").stdout == "0 events applied\n"

    def test_a_wrong_setting_is_one_sentence_without_its_value(self, tmp_path):
        done = run(tmp_path, "tests.shared.commands_in_turn", "routing", given=json.dumps([environment for environment, _ in WRONG]))
        endings = json.loads(done.stdout)
        assert [ending[: len(sentence)] for ending, (_, sentence) in zip(endings, WRONG, strict=True)] == [
            sentence for _, sentence in WRONG
        ]
        assert all("\n" not in ending for ending in endings)
        assert "Traceback" not in done.stderr
        assert "Secret!" not in done.stdout + done.stderr

    def test_a_refusal_is_the_last_line_and_the_exit_code_1(self, tmp_path):
        done = run(tmp_path, "routing", "worker", ARYZ_PREFIX="Secret!")
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("routing: settings: ARYZ_PREFIX: ")
        assert "Secret!" not in done.stderr
