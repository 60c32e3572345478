"""The document is good enough to make a client from: one is generated, and an appeal is filed and followed with nothing else."""

import importlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.keys import key_named

PACKAGE = "generated_aryz_client"


@pytest.fixture(scope="module")
def client(people, tmp_path_factory):
    """The generated package, at hand as modules of its own."""
    folder = tmp_path_factory.mktemp("generated")
    document, options = folder / "openapi.json", folder / "options.yml"
    document.write_text(people.get("/intake/openapi.json").text)
    options.write_text("post_hooks: []\n")
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"]
    made = subprocess.run(
        [*command, "--path", str(document), "--output-path", str(folder / PACKAGE), "--config", str(options)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}" if name else PACKAGE)
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def citizen(client, people):
    token = people.bearer("applicant", subject="generated-citizen")["Authorization"].removeprefix("Bearer ")
    with client("").AuthenticatedClient(base_url=people.suite.url, token=token, httpx_args={"trust_env": False}) as one:
        yield one


class TestGeneratedClient:
    def test_it_files_an_appeal_from_the_documents_own_example_and_follows_it(self, client, citizen, people):
        example = people.get("/intake/openapi.json").json()["components"]["schemas"]["AppealIn"]["examples"][0]
        appeal = client("models.appeal_in").AppealIn.from_dict(example)
        receipt = client("api.appeals.register_appeal").sync(client=citizen, body=appeal, idempotency_key=key_named("generated-1"))
        again = client("api.appeals.register_appeal").sync(client=citizen, body=appeal, idempotency_key=key_named("generated-1"))
        assert again.number == receipt.number
        tracked = client("api.appeals.track_appeal").sync(receipt.number, client=citizen)
        assert (tracked.number, tracked.region) == (receipt.number, "KZ-43")
        mine = client("api.appeals.list_own_appeals").sync(client=citizen, limit=5)
        assert [one.number for one in mine.items] == [receipt.number]

    def test_it_uploads_a_file_in_pieces(self, client, citizen):
        begun = client("api.attachments.begin_upload").sync(
            client=citizen, body=client("models.upload_beginning").UploadBeginning(length=6)
        )
        go_on, token = client("api.attachments.continue_upload"), {"upload_token": begun.token}
        for offset, piece in ((0, b"Cer"), (3, b"tif")):
            body = client("types").File(payload=io.BytesIO(piece))
            state = go_on.sync(begun.upload_id, client=citizen, body=body, upload_offset=offset, **token)
        assert (state.offset, state.complete) == (6, True)

    def test_what_is_refused_comes_as_a_problem_with_its_code(self, client, citizen):
        problem = client("api.appeals.track_appeal").sync("2026-43-0000000-0", client=citizen)
        assert (problem.status, problem.code) == (404, "not-found")

    def test_what_has_not_changed_is_not_sent_again(self, client, citizen, eventually):
        listing = client("api.appeals.list_own_appeals")

        def unchanged():  # the appeal may be on its way through the services between two looks
            first = listing.sync_detailed(client=citizen)
            return listing.sync_detailed(client=citizen, if_none_match=first.headers["ETag"]).status_code == 304

        assert eventually(unchanged)

    def test_the_operations_have_names_to_call(self, people):
        for service in ("intake", "routing", "provider-contact", "analytics"):
            paths = people.get(f"/{service}/openapi.json").json()["paths"]
            names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
            assert len(names) == len(set(names))
            assert all(name.isidentifier() and "_v1_" not in name for name in names)
