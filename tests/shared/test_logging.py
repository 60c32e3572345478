import asyncio
import io
import json
import logging

import pytest
import structlog

from shared.logging import configure_logging
from shared.tracing import start_span

CANARY = "Айгүл 991231501014"


@pytest.fixture
def lines():
    stream = io.StringIO()
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    configure_logging("INFO", service="intake", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class TestConfigureLogging:
    def test_a_line_is_json_with_service_level_and_time(self, lines):
        structlog.get_logger().info("relay-started", topic="aryz.appeals.v1", events=3)

        (line,) = lines()
        assert line.pop("timestamp").endswith("Z")
        assert line == {"event": "relay-started", "level": "info", "service": "intake", "topic": "aryz.appeals.v1", "events": 3}

    def test_text_under_an_unknown_key_is_withheld(self, lines):
        structlog.get_logger().info("filed", full_name=CANARY, body={"text": CANARY}, appeal_id="a1")

        (line,) = lines()
        assert (line["appeal_id"], line["withheld"]) == ("a1", 2)
        assert CANARY not in json.dumps(line, ensure_ascii=False)

    def test_an_exception_is_logged_by_type_and_location(self, lines):
        try:
            int(CANARY)
        except ValueError:
            structlog.get_logger().exception("failed")
            logging.getLogger("some.library").exception("it failed")

        for line in lines():
            assert line["error"] == "ValueError"
            assert line["where"].startswith("test_logging.py:")
            assert CANARY not in json.dumps(line, ensure_ascii=False)

    def test_a_librarys_values_stay_out_and_its_template_stays(self, lines):
        logging.getLogger("some.library").warning("refused %s", CANARY)

        assert [(line["event"], line["logger"]) for line in lines()] == [("refused %s", "some.library")]

    def test_a_trusted_librarys_message_is_whole(self, lines):
        logging.getLogger("aiokafka.consumer").warning("unable to connect to %s", "broker-1")

        assert lines()[0]["event"] == "unable to connect to broker-1"

    def test_uvicorns_own_access_log_is_silent(self, lines):
        logging.getLogger("uvicorn.access").info('"GET /intake/v1/appeals/2026-43-0000017-9"')
        logging.getLogger("uvicorn.error").info("Started")

        assert [line["event"] for line in lines()] == ["Started"]

    def test_lines_inside_a_span_name_the_trace(self, lines):
        with start_span("work", f"00-{'a' * 32}-{'b' * 16}-00"):
            structlog.get_logger().info("inside")
            logging.getLogger("some.library").warning("inside too")

        assert {line["trace_id"] for line in lines()} == {"a" * 32}

    def test_bound_context_is_in_every_line(self, lines):
        with structlog.contextvars.bound_contextvars(event_id="e1", service="routing"):
            structlog.get_logger().info("handled")

        assert (lines()[0]["event_id"], lines()[0]["service"]) == ("e1", "routing")

    def test_below_the_level_nothing_is_written(self, lines):
        structlog.get_logger().debug("chatter")

        assert lines() == []


class TestLibraries:
    def test_an_unretrieved_exception_is_logged_without_its_message(self, lines):
        context = {"message": "Task exception was never retrieved", "exception": ValueError(CANARY)}
        loop = asyncio.new_event_loop()
        loop.default_exception_handler(context)
        loop.close()
        (line,) = lines()
        assert line["event"] == "Task exception was never retrieved"
        assert CANARY not in json.dumps(line, ensure_ascii=False)

    def test_the_log_client_does_not_repeat_itself_without_end(self, lines):
        for _ in range(50):
            logging.getLogger("aiokafka").error("Unable connect to node with id %s", 1)
            logging.getLogger("aiokafka").error("Unable connect to node with id %s", 2)
            structlog.get_logger().warning("batch waits")

        events = [line["event"] for line in lines()]
        assert events.count("Unable connect to node with id 1") == 1
        assert events.count("Unable connect to node with id 2") == 1
        assert events.count("batch waits") == 50
