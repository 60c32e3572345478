import pytest
from pydantic import BaseModel, ValidationError

from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_model, policy_rows, policy_table


class Texts(BaseModel):
    text: str


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that writes a policy file into a package made for the test, and returns the name of the package."""
    folder = tmp_path / f"slice_{tmp_path.name}"  # a name of its own: Python remembers imported packages
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (folder / "data" / name).write_text(text, encoding="utf-8")
        return folder.name

    return write


class TestTable:
    def test_rows_are_read_by_their_key(self, package):
        name = package("codes.csv", "# source: a test\ncode,kk,ru,en\nA,а,б,c\n")
        assert policy_table(name, "codes.csv", Row.label)["A"].en == "c"

    def test_a_key_given_twice_is_refused(self, package):
        name = package("codes.csv", "# source: a test\ncode,kk,ru,en\nA,а,б,c\nA,а,б,c\n")
        with pytest.raises(ReferenceDataError, match="A is given twice"):
            policy_table(name, "codes.csv", Row.label)

    def test_a_file_without_its_source_is_refused(self, package):
        with pytest.raises(ReferenceDataError, match="source"):
            policy_rows(package("codes.csv", "code,kk,ru,en\n"), "codes.csv")


class TestDocument:
    def test_a_document_is_read_as_its_model(self, package):
        assert policy_model(package("texts.toml", "# source: a test\ntext = 'yes'"), "texts.toml", Texts).text == "yes"

    def test_a_document_of_another_form_is_refused(self, package):
        with pytest.raises(ValidationError):
            policy_model(package("texts.toml", "# source: a test\nwords = 'no'"), "texts.toml", Texts)

    def test_a_document_without_its_source_is_refused(self, package):
        with pytest.raises(ReferenceDataError, match="source"):
            policy_model(package("texts.toml", "text = 'yes'"), "texts.toml", Texts)
