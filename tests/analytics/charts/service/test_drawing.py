import re
from pathlib import Path
from xml.etree import ElementTree as ET

import analytics.charts
import shared.web
from analytics.charts.service import Drawing, element, text
from analytics.charts.service import drawing as module

TOKENS = Path(shared.web.__file__).parent / "static" / "tokens.css"
STYLE = Path(analytics.charts.__file__).parent / "static" / "charts.css"


class TestElement:
    def test_values_are_escaped_and_numbers_rounded(self):
        assert element("text", "<b>", x=1.25, y=2.0, class_='"', anchor=None) == '<text x="1.2" y="2" class="&#34;">&lt;b&gt;</text>'
        assert element("path", stroke_width=2) == '<path stroke-width="2"/>'


class TestDrawing:
    DRAWING = Drawing(400, 100, text("<a>", 1, 2), 'label "quoted"')

    def test_in_a_page_it_is_an_image_with_a_description(self):
        svg = self.DRAWING.in_page()
        assert svg.startswith('<svg class="drawing" viewBox="0 0 400 100" role="img" aria-label="label &#34;quoted&#34;">')

    def test_a_file_is_well_formed_and_says_what_it_shows(self):
        sentence = "Барлығы 736 шағым, бұл былтырғыдан 111-ге аз (−13,1 %). " * 3
        svg = self.DRAWING.as_file("Шағымдар <1>", sentence.strip(), "Арыз")
        root = ET.fromstring(svg)  # noqa: S314 - our own file
        texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
        assert texts[0] == "Шағымдар <1>"
        assert " ".join(texts[1:-2]) == sentence.strip()
        assert len(texts) > 5
        assert "var(" not in svg

    def test_the_colours_of_files_are_the_light_colours_of_pages(self):
        light = dict(re.findall(r"--([a-z0-9-]+): ([^;]+);", TOKENS.read_text().split("@media")[0] + STYLE.read_text().split("@media")[0]))
        assert {name: light[name] for name in module._LIGHT} == module._LIGHT
