"""The DOCX file of a report, with python-docx: headings, tables whose heads are repeated on every page, pictures with a description."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from analytics.reports.service.document import ReportDocument, ReportSection, ReportTable

FONT: Final = "Times New Roman"
LOCALES: Final = {"kk": "kk-KZ", "ru": "ru-RU"}
TEXT_WIDTH: Final = Mm(165)
NUMBER_WIDTH: Final = Mm(25)
WIDE_NUMBER_WIDTH: Final = Mm(34)  # of a column whose head has a word of more than WORD_LENGTH letters, such as "1-жартыжылдық"
WORD_LENGTH: Final = 11
A4: Final = Mm(210), Mm(297)
WRITTEN: Final = datetime(2000, 1, 1, tzinfo=UTC)  # of the file's properties: the same report gives the same properties


class WordFile:
    """Writes one report. `pictures`: charts as PNG by the heading of their section."""

    def __init__(self, report: ReportDocument, pictures: Mapping[str, bytes]) -> None:
        self._report, self._pictures = report, pictures
        self._file: Document = docx.Document()

    def content(self) -> bytes:
        """Return the bytes of the file."""
        report = self._report
        self._prepare()
        self._file.add_paragraph().add_run(report.fund).bold = True
        self._file.add_heading(report.title, level=1)
        self._file.add_paragraph().add_run(report.subtitle).font.size = Pt(13)
        notes = self._file.add_paragraph()
        for number, note in enumerate(report.notes):
            run = notes.add_run(note)
            run.font.size = Pt(10)
            if number < len(report.notes) - 1:
                run.add_break()
        for section in report.sections:
            self._add_section(section)
        stored = io.BytesIO()
        self._file.save(stored)
        return stored.getvalue()

    def _prepare(self) -> None:
        report, page = self._report, self._file.sections[0]
        page.page_width, page.page_height = A4
        page.left_margin, page.right_margin, page.top_margin, page.bottom_margin = Mm(25), Mm(20), Mm(20), Mm(20)
        for name in ("Normal", "Heading 1", "Heading 2", "Caption"):
            style = self._file.styles[name]
            style.font.name = FONT
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for attribute in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
                fonts.set(qn(attribute), FONT)
            for attribute in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
                fonts.attrib.pop(qn(attribute), None)
        self._file.styles["Normal"].font.size = Pt(12)
        language = OxmlElement("w:lang")
        for attribute in ("w:val", "w:eastAsia"):
            language.set(qn(attribute), LOCALES[report.language])
        defaults = self._file.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")[0]
        for old in defaults.findall(qn("w:lang")):
            defaults.remove(old)
        defaults.append(language)
        about = self._file.core_properties
        about.title, about.author, about.language = f"{report.title}. {report.subtitle}", report.fund, LOCALES[report.language]
        about.created = about.modified = WRITTEN
        about.comments = ""
        self._add_page_numbers(page.footer.paragraphs[0])

    def _add_page_numbers(self, footer: Paragraph) -> None:
        footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), "PAGE")
        for text in (f"{self._report.subtitle} · {self._report.page_word} ", "1"):
            run = footer.add_run(text)
            run.font.size = Pt(9)
        field.append(run._r)  # noqa: SLF001 - python-docx has no fields
        footer._p.append(field)  # noqa: SLF001

    def _add_section(self, section: ReportSection) -> None:
        self._file.add_heading(section.heading, level=2)
        for paragraph in section.paragraphs:
            self._file.add_paragraph(paragraph)
        picture = self._pictures.get(section.heading)
        if picture is not None and section.chart is not None:
            shape = self._file.add_picture(io.BytesIO(picture), width=TEXT_WIDTH)
            inline = shape._inline  # noqa: SLF001 - python-docx has no descriptions
            for side in ("distT", "distB", "distL", "distR"):
                inline.set(side, "0")  # LibreOffice would shift the picture over the margin
            described = inline.docPr
            described.set("descr", section.chart.about)
            described.set("title", section.chart.title)
        for table in section.tables:
            self._add_table(table)

    def _add_table(self, data: ReportTable) -> None:
        caption = self._file.add_paragraph(data.caption, style="Caption")
        caption.paragraph_format.keep_with_next = True
        table = self._file.add_table(rows=1, cols=len(data.heads), style="Table Grid")
        table.autofit = False
        for column, width in zip(table.columns, self._widths(data.heads), strict=True):
            column.width = width
        self._fill(table, 0, data.heads, data.heads, bold=True)
        self._repeat_head(table)
        for row in data.rows:
            table.add_row()
            self._fill(table, len(table.rows) - 1, row, data.heads, bold=data.has_total and row is data.rows[-1])
        for before_last in table.rows[:-1]:
            for cell in before_last.cells:
                cell.paragraphs[0].paragraph_format.keep_with_next = True  # a table that fits on a page is not divided
        self._file.add_paragraph()

    def _fill(self, table: Table, index: int, texts: tuple[str, ...], heads: tuple[str, ...], *, bold: bool) -> None:
        for column, (cell, text, width) in enumerate(zip(table.rows[index].cells, texts, self._widths(heads), strict=True)):
            cell.width = width
            self._write(cell, text, bold=bold, is_number=column > 0)

    @staticmethod
    def _widths(heads: tuple[str, ...]) -> list[Length]:
        numbers = [WIDE_NUMBER_WIDTH if max(map(len, head.split())) > WORD_LENGTH else NUMBER_WIDTH for head in heads[1:]]
        return [Length(TEXT_WIDTH - sum(numbers)), *numbers]

    @staticmethod
    def _write(cell: _Cell, text: str, *, bold: bool, is_number: bool) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        if is_number:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        run = paragraph.add_run(text)
        run.bold, run.font.size = bold, Pt(10)

    @staticmethod
    def _repeat_head(table: Table) -> None:
        """Mark the first row as the head, which is repeated on every page and read out as such."""
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001 - python-docx has no heads of tables
