"""Samples in Asterisk's documented form: AMI events as `Key: value` lines, ARI events as JSON. Numbers are invented."""

from datetime import UTC, datetime

import pytest

from intake.channels.phone.schemas.exchange import CallEventIn
from intake.channels.phone.service.asterisk import Dialplan, from_ami, from_ari

AT = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)
CALL, AGENT = "1770023700.17", "1770023705.18"


def ami(name, *, uniqueid=CALL, linkedid=CALL, **more):
    common = {"Event": name, "Privilege": "call,all", "Timestamp": "1770023700.250000", "Uniqueid": uniqueid, "Linkedid": linkedid}
    return common | more


def caller(**more):
    return {
        "Channel": "PJSIP/trunk-00000011",
        "ChannelState": "4",
        "CallerIDNum": "+77010000000",
        "Context": "from-trunk",
        "Exten": "1414",
    } | more


AMI = [
    (ami("Newchannel", **caller()), {"type": "offered", "from": "+77010000000", "to": "1414", "direction": "in"}),
    (
        ami("DTMFEnd", Digit="1", DurationMs="120", Direction="Received", **caller(Context="menu-1414")),
        {"type": "ivr_choice", "ivr_path": "1"},
    ),
    (ami("QueueCallerJoin", Queue="1414-kk", Position="1", Count="1", **caller()), {"type": "queued", "queue": "1414-kk"}),
    (
        ami("AgentCalled", Queue="1414-kk", MemberName="operator-1414", Interface="PJSIP/101", DestUniqueid=AGENT),
        {"type": "ringing", "queue": "1414-kk", "agent_id": "operator-1414"},
    ),
    (
        ami("AgentConnect", Queue="1414-kk", MemberName="operator-1414", Interface="PJSIP/101", RingTime="4", HoldTime="12"),
        {"type": "answered", "queue": "1414-kk", "agent_id": "operator-1414", "wait_s": 12},
    ),
    (ami("Hold", MusicClass="default"), {"type": "held"}),
    (ami("Unhold"), {"type": "answered"}),
    (
        ami("AgentComplete", Queue="1414-kk", MemberName="operator-1414", HoldTime="12", TalkTime="95", Reason="caller"),
        {"type": "ended", "wait_s": 12, "talk_s": 95, "disposition": "ANSWERED"},
    ),
    (
        ami("QueueCallerAbandon", Queue="1414-kk", Position="2", OriginalPosition="3", HoldTime="61"),
        {"type": "abandoned", "queue": "1414-kk", "wait_s": 61},
    ),
    (ami("Hangup", Cause="16", **{"Cause-txt": "Normal Clearing"}), {"type": "ended"}),
    (ami("Hangup", Cause="19", **{"Cause-txt": "User alerting, no answer"}), {"type": "ended", "disposition": "NO ANSWER"}),
    (
        ami("VarSet", Variable="MIXMONITOR_FILENAME", Value="/var/spool/asterisk/monitor/17.wav"),
        {"type": "recording_ready", "recording_ref": "/var/spool/asterisk/monitor/17.wav"},
    ),
]
IGNORED = [
    ami("Hangup", uniqueid=AGENT, Cause="16"),
    ami("Newchannel", uniqueid=AGENT, **caller()),
    ami("AgentComplete", Queue="1414-kk", MemberName="operator-1414", HoldTime="12", TalkTime="95", Reason="transfer"),
    ami("DTMFEnd", Digit="7", Direction="Received", **caller(Context="keypad-status")),
    ami("BlindTransfer", Result="Fail", TransfererLinkedid=CALL),
    ami("PeerStatus"),
]
TRANSFERS = [
    {"Event": "BlindTransfer", "Result": "Success", "TransfererUniqueid": AGENT, "TransfererLinkedid": CALL, "TransfereeLinkedid": CALL,
     "IsExternal": "Yes", "Context": "queues", "Extension": "600"},
    {"Event": "AttendedTransfer", "Result": "Success", "OrigTransfererUniqueid": AGENT, "OrigTransfererLinkedid": CALL,
     "SecondTransfererLinkedid": "1770023711.20", "DestType": "Bridge"},
]  # fmt: skip


def ari(kind, *, context="from-trunk", linked=None, **more):
    channel = {
        "id": CALL,
        "name": "PJSIP/trunk-00000011",
        "state": "Up",
        "caller": {"name": "", "number": "+77010000000"},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": context, "exten": "1414", "priority": 2, "app_name": "Stasis", "app_data": "aryz"},
        "creationtime": "2026-02-02T09:14:58.100+0000",
        "language": "kk",
    } | ({"channelvars": {"CHANNEL(linkedid)": linked}} if linked else {})
    return {
        "type": kind,
        "timestamp": "2026-02-02T09:15:00.250+0000",
        "application": "aryz",
        "asterisk_id": "00:00:5e:00:53:01",
        "channel": channel,
    } | more


class TestAmi:
    @pytest.mark.parametrize(("event", "expected"), AMI, ids=[expected["type"] for _, expected in AMI])
    def test_an_event_becomes_a_neutral_event_that_is_accepted(self, event, expected):
        made = from_ami(event, seq=7, at=AT, dialplan=Dialplan())
        assert made == {"call_id": CALL, "leg_id": CALL, "seq": 7, "at": "2026-02-02T09:15:00.250Z", **expected}
        CallEventIn.model_validate(made)

    @pytest.mark.parametrize("event", TRANSFERS)
    def test_a_transfer_belongs_to_the_call_of_the_citizen(self, event):
        made = from_ami(event, seq=1, at=AT, dialplan=Dialplan())
        assert made == {"call_id": CALL, "leg_id": AGENT, "type": "transferred", "seq": 1, "at": "2026-02-02T09:15:00.000Z"}

    @pytest.mark.parametrize("event", IGNORED)
    def test_other_legs_and_keys_outside_the_menu_are_ignored(self, event):
        assert from_ami(event, seq=1, at=AT, dialplan=Dialplan()) is None


class TestAri:
    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (ari("StasisStart", args=[]), {"type": "offered", "direction": "in", "from": "+77010000000", "to": "1414"}),
            (ari("ChannelDtmfReceived", context="menu-1414", digit="3", duration_ms=100), {"type": "ivr_choice", "ivr_path": "3"}),
            (ari("ChannelHold"), {"type": "held"}),
            (ari("ChannelDestroyed", cause=17, cause_txt="User busy"), {"type": "ended", "disposition": "BUSY"}),
        ],
        ids=["offered", "ivr_choice", "held", "ended"],
    )
    def test_an_event_becomes_a_neutral_event_that_is_accepted(self, event, expected):
        made = from_ari(event, seq=3, dialplan=Dialplan())
        assert made == {"call_id": CALL, "leg_id": CALL, "seq": 3, "at": "2026-02-02T09:15:00.250Z", **expected}
        CallEventIn.model_validate(made)

    def test_a_recording_belongs_to_the_recorded_channel(self):
        recording = {"name": "call-17", "format": "wav", "state": "done", "target_uri": f"channel:{CALL}", "duration": 95}
        event = {"type": "RecordingFinished", "timestamp": "2026-02-02T09:15:00.250+0000", "application": "aryz", "recording": recording}
        made = from_ari(event, seq=4, dialplan=Dialplan())
        assert made == {"call_id": CALL, "seq": 4, "at": "2026-02-02T09:15:00.250Z", "type": "recording_ready", "recording_ref": "call-17"}
        assert from_ari(event | {"recording": recording | {"target_uri": "bridge:1"}}, seq=4, dialplan=Dialplan()) is None

    @pytest.mark.parametrize(
        "event",
        [
            ari("ChannelDestroyed", cause=16, cause_txt="Normal Clearing", linked="1770023699.1"),
            ari("ChannelDtmfReceived", context="keypad-status", digit="3", duration_ms=100),
            ari("StasisEnd"),
        ],
    )
    def test_other_legs_and_keys_outside_the_menu_are_ignored(self, event):
        assert from_ari(event, seq=1, dialplan=Dialplan()) is None
