"""Each service's own document is valid and says what is built. Whether it is true of the answers: `tests/security/test_fuzz.py`."""

import pytest
from schemathesis import openapi

from tests.e2e.shapes import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_a_valid_document_without_what_is_not_built(people, service):
    document = people.get(f"/{service}/openapi.json").json()
    openapi.from_dict(document).validate()
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith((f"/{service}/v1/", f"/{service}/internal/")) for path in document["paths"])
