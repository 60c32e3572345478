import subprocess
import sys
from pathlib import Path

import routing
from shared import migrations
from shared.web.catalogs import missing_messages


class TestApp:
    async def test_a_migrated_service_is_ready(self, desk):
        assert (await desk.client.get("/routing/health/ready")).json() == {"status": "ready", "faults": {}}

    async def test_the_document_shows_every_action_with_its_own_body(self, desk):
        document = (await desk.client.get("/routing/openapi.json")).json()
        bodies = {
            path.rpartition("/")[2]: item["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            for path, item in document["paths"].items()
            if "/actions/" in path and "/v1/cases/" in path
        }
        assert bodies == {
            "claim": "Claim", "assign": "Assign", "classify": "Classify", "escalate": "Escalate", "answer": "GiveAnswer",
            "answer-and-close": "AnswerAndClose", "undo": "Undo",
            "close": "Close",
            "ask": "Ask", "request-completion": "RequestCompletion", "return": "Return", "terminate": "Terminate", "forward": "Forward",
            "pass-up": "PassUp",
            "redirect": "Redirect", "log-call": "LogCall",
            "ask-provider": "AskProvider", "request-extension": "RequestExtension", "approve-extension": "ApproveExtension",
            "reject-extension": "RejectExtension", "approve": "Approve", "reject": "Reject",
            "split-issue": "SplitIssue", "remove-issue": "RemoveIssue", "set-finding": "SetFinding",
            "link-duplicate": "LinkDuplicate", "unlink": "Unlink",
            "protect": "Protect", "unprotect": "Unprotect", "record-delivery": "RecordDelivery",
        }  # fmt: skip

    def test_the_command_migrates_an_empty_folder(self, tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "routing", "migrate"], env={"ARYZ_DATA": str(tmp_path)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "routing.db").exists()
        assert migrations.folder("routing").is_dir()


class TestCatalogs:
    def test_every_sentence_is_translated(self):
        assert missing_messages(Path(routing.__file__).parent) == []
