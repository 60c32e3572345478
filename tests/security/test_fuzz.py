"""The short form of the fuzz: every operation of the four services, with and without tokens, as every role."""

import pytest

from tests.security.fuzz import fuzzing

SEED = 20_260_202
LEAST = 3_000


@pytest.mark.timeout(1200)  # it takes a minute or two on two cores with nothing beside it
def test_whatever_is_sent_by_whomever_the_answer_is_as_the_document_says(tmp_path):
    print(f"seed {SEED}")  # noqa: T201 - shown when it fails
    with fuzzing(tmp_path, SEED) as fuzz:
        fuzz.round()
    assert fuzz.report.requests >= LEAST, str(fuzz.report)
    assert not fuzz.report.failures, str(fuzz.report)
