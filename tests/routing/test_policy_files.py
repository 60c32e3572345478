import pytest
from pydantic import BaseModel

from routing.policy_files import PolicyFiles
from shared.domain.tables import ReferenceDataError, Row


class Texts(BaseModel):
    text: str


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The policy files of a package of its own; the returned function writes one and gives the reader."""
    package = tmp_path / f"slice_{tmp_path.name}"  # a name of its own: Python remembers imported packages
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (package / "data" / name).write_text(text, encoding="utf-8")
        return PolicyFiles(package.name)

    return write


class TestTable:
    def test_rows_are_read_by_their_key(self, files):
        found = files("codes.csv", "# source: a test\ncode,kk,ru,en\nA,а,б,c\n").table("codes.csv", Row.label)
        assert found["A"].en == "c"

    def test_a_key_given_twice_is_refused(self, files):
        reader = files("codes.csv", "# source: a test\ncode,kk,ru,en\nA,а,б,c\nA,а,б,c\n")
        with pytest.raises(ReferenceDataError, match="A is given twice"):
            reader.table("codes.csv", Row.label)

    def test_a_file_without_its_source_is_refused(self, files):
        with pytest.raises(ReferenceDataError, match="source"):
            files("codes.csv", "code,kk,ru,en\n").rows("codes.csv")


class TestToml:
    def test_a_file_is_read_as_its_model(self, files):
        assert files("texts.toml", "text = 'yes'").toml("texts.toml", Texts).text == "yes"

    def test_a_file_of_another_form_is_refused_by_its_name(self, files):
        with pytest.raises(ReferenceDataError, match=r"texts\.toml"):
            files("texts.toml", "words = 'no'").toml("texts.toml", Texts)
