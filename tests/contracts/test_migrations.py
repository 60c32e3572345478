"""What `shared.migrations` relies on in every service's revisions."""

import runpy

import pytest

from shared import migrations

PACKAGES = ("intake", "routing", "provider_contact", "analytics")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_revision_is_named_by_its_files_number_and_follows_the_one_before(package):
    before = None
    for path in sorted((migrations.folder(package) / "versions").glob("[0-9]*_*.py")):
        revision = runpy.run_path(str(path))
        assert revision["revision"] == path.name.partition("_")[0]
        assert revision["down_revision"] == before
        before = revision["revision"]
    assert before == migrations.head(package)
