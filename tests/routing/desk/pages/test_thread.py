from routing.desk.pages.thread import parts_of


class TestMarking:
    def test_overlapping_evidence_is_marked_once_and_evidence_outside_the_text_is_ignored(self):
        spans = [{"start": 2, "end": 5}, {"start": 4, "end": 7}, {"start": 8, "end": 99}]
        parts = parts_of("0123456789", spans)
        assert [(part.text, part.marked) for part in parts] == [("01", False), ("234", True), ("56", True), ("789", False)]
