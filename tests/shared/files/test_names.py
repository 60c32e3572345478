import pytest

from shared.files.errors import TypeMismatch
from shared.files.names import safe_name
from shared.files.policy import kinds, policy

PDF, JPEG = kinds()["PDF"], kinds()["JPEG"]


class TestSafeName:
    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("Анықтама 12.03.2026.pdf", "Анықтама 12.03.2026.pdf"),
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("C:\\Users\\synaq\\акт.PDF", "акт.pdf"),
            ("akt\u202efdp.exe.pdf", "aktfdp_exe.pdf"),
            ("akt\0.pdf", "akt.pdf"),
            ("akt\r\nSet-Cookie: a=b.pdf", "aktSet-Cookie_ a=b.pdf"),
            ("invoice.pdf.exe.pdf", "invoice_pdf_exe.pdf"),
            ("CON.pdf", "_CON.pdf"),
            ("nul", "_nul.pdf"),
            ("COM¹.pdf", "_COM¹.pdf"),
            ("con .12.pdf", "_con.12.pdf"),
            ("100%.pdf", "100_.pdf"),
            ("akt", "akt.pdf"),
            (".pdf", "document.pdf"),
            ("\u200b\u202e", "document.pdf"),
            (None, "document.pdf"),
            ('a"b<c>|d?*.pdf', "a_b_c__d__.pdf"),
            ("Акт от 12.03.2026", "Акт от 12.03.2026.pdf"),
        ],
    )
    def test_misleading_parts_are_removed(self, given, shown):
        assert safe_name(given, PDF) == shown

    def test_a_long_name_is_cut_and_keeps_its_extension(self):
        assert safe_name("а" * 5000 + ".jpeg", JPEG) == "а" * policy().limits.name_characters + ".jpeg"

    @pytest.mark.parametrize("letter", ["а", "ඇ", "😀"])
    def test_a_long_name_fits_into_a_directory_entry(self, letter):
        name = safe_name(letter * 5000 + ".jpeg", JPEG)
        assert len(name.encode()) <= 255
        assert set(name.removesuffix(".jpeg")) == {letter}

    @pytest.mark.parametrize("given", ["akt.exe", "akt.pdf.exe", "akt.jpg", "akt.svg"])
    def test_an_extension_of_another_kind_is_refused(self, given):
        with pytest.raises(TypeMismatch):
            safe_name(given, PDF)
