"""Asterisk's events in the neutral form: pure functions from an AMI or ARI event to the body of `POST /v1/channels/phone/calls`, or None.

A bridge beside the exchange reads AMI (TCP 5038, better with `timestampevents = yes`) or ARI (`/ari/events`), numbers what it reads
(`seq`, growing over a call) and posts what these functions make of it; none ships here. Linkedid, the oldest channel of a call, names the
call on all its legs. An agent's MemberName is the subject of the operator's token. Keys count in the voice menu's context alone: elsewhere
they are numbers and PINs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

Neutral = dict[str, Any]
Ami = Mapping[str, str]

# Q.850 causes that say more than that the call is over.
_DISPOSITIONS: Final = {"17": "BUSY", "18": "NO ANSWER", "19": "NO ANSWER", "34": "CONGESTION", "38": "CONGESTION", "42": "CONGESTION"}
_LINKED: Final = "CHANNEL(linkedid)"


@dataclass(frozen=True, slots=True)
class Dialplan:
    """The names of an exchange's contexts."""

    inbound: str = "from-trunk"
    outbound: str = "from-agents"
    menu: str = "menu-1414"


def from_ami(event: Ami, *, seq: int, at: datetime, dialplan: Dialplan) -> Neutral | None:
    """An AMI event as a neutral one; `at`, when it was read, stands in where it carries no Timestamp. None for what tells nothing."""
    make = _AMI.get(event.get("Event", ""))
    told = make(event, dialplan) if make is not None else None
    if told is None:
        return None
    call_id = told.pop("call_id", None) or event.get("Linkedid")
    stamp = event.get("Timestamp")
    happened = datetime.fromtimestamp(float(stamp), UTC) if stamp else at
    named = {"call_id": call_id, "leg_id": event.get("Uniqueid"), "seq": seq, "at": _written(happened)}
    return _present({**named, **told}) if call_id else None


def _present(told: Neutral) -> Neutral:
    return {name: value for name, value in told.items() if value not in {None, ""}}


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(event: Ami, name: str) -> int | None:
    value = event.get(name, "")
    return int(value) if value.isdecimal() else None


def _is_callers_leg(event: Ami) -> bool:
    return event.get("Uniqueid") == event.get("Linkedid")


def _new_channel(event: Ami, dialplan: Dialplan) -> Neutral | None:
    direction = {dialplan.inbound: "in", dialplan.outbound: "out"}.get(event.get("Context", ""))
    if direction is None or not _is_callers_leg(event):
        return None
    return {"type": "offered", "direction": direction, "from": event.get("CallerIDNum"), "to": event.get("Exten")}


def _key(event: Ami, dialplan: Dialplan) -> Neutral | None:
    in_menu = event.get("Context") == dialplan.menu and event.get("Direction") == "Received"
    return {"type": "ivr_choice", "ivr_path": event.get("Digit")} if in_menu and _is_callers_leg(event) else None


def _queued(event: Ami, _dialplan: Dialplan) -> Neutral:
    return {"type": "queued", "queue": event.get("Queue")}


def _ringing(event: Ami, _dialplan: Dialplan) -> Neutral:
    return {"type": "ringing", "queue": event.get("Queue"), "agent_id": event.get("MemberName")}


def _answered(event: Ami, dialplan: Dialplan) -> Neutral:
    return {**_ringing(event, dialplan), "type": "answered", "wait_s": _seconds(event, "HoldTime")}


def _complete(event: Ami, _dialplan: Dialplan) -> Neutral | None:
    """After a transfer the call goes on."""
    if event.get("Reason") == "transfer":
        return None
    return {"type": "ended", "wait_s": _seconds(event, "HoldTime"), "talk_s": _seconds(event, "TalkTime"), "disposition": "ANSWERED"}


def _abandoned(event: Ami, _dialplan: Dialplan) -> Neutral:
    return {"type": "abandoned", "queue": event.get("Queue"), "wait_s": _seconds(event, "HoldTime")}


def _held(_event: Ami, _dialplan: Dialplan) -> Neutral:
    return {"type": "held"}


def _resumed(_event: Ami, _dialplan: Dialplan) -> Neutral:
    return {"type": "answered"}


def _transferred(event: Ami, _dialplan: Dialplan) -> Neutral | None:
    call_id = event.get("TransfereeLinkedid") or event.get("OrigTransfererLinkedid") or event.get("TransfererLinkedid")
    leg_id = event.get("TransfererUniqueid") or event.get("OrigTransfererUniqueid")
    return {"call_id": call_id, "leg_id": leg_id, "type": "transferred"} if event.get("Result") == "Success" else None


def _hung_up(event: Ami, _dialplan: Dialplan) -> Neutral | None:
    return {"type": "ended", "disposition": _DISPOSITIONS.get(event.get("Cause", ""))} if _is_callers_leg(event) else None


def _variable(event: Ami, _dialplan: Dialplan) -> Neutral | None:
    """MixMonitor says by a variable where it records to."""
    is_recording = event.get("Variable") == "MIXMONITOR_FILENAME"
    return {"type": "recording_ready", "recording_ref": event.get("Value")} if is_recording else None


_AMI: Final[Mapping[str, Callable[[Ami, Dialplan], Neutral | None]]] = {
    "Newchannel": _new_channel,
    "DTMFEnd": _key,
    "QueueCallerJoin": _queued,
    "AgentCalled": _ringing,
    "AgentRingNoAnswer": _queued,
    "AgentConnect": _answered,
    "AgentComplete": _complete,
    "QueueCallerAbandon": _abandoned,
    "Hold": _held,
    "Unhold": _resumed,
    "BlindTransfer": _transferred,
    "AttendedTransfer": _transferred,
    "Hangup": _hung_up,
    "VarSet": _variable,
}


def from_ari(event: Mapping[str, Any], *, seq: int, dialplan: Dialplan) -> Neutral | None:
    """An ARI event as a neutral one; None for what tells nothing.

    A channel's Linkedid comes along where `ari.conf` says `channelvars = CHANNEL(linkedid)`; without it the channel names the call.
    """
    make = _ARI.get(event.get("type", ""))
    told = make(event, dialplan) if make is not None else None
    if told is None:
        return None
    channel = event.get("channel", {})
    linked = channel.get("channelvars", {}).get(_LINKED) or channel.get("id")
    named = {"call_id": linked, "leg_id": channel.get("id"), "seq": seq, "at": _written(datetime.fromisoformat(event["timestamp"]))}
    made = _present({**named, **told})
    return made if "call_id" in made else None


def _is_callers_channel(event: Mapping[str, Any]) -> bool:
    channel = event["channel"]
    return bool(channel.get("channelvars", {}).get(_LINKED, channel["id"]) == channel["id"])


def _stasis_start(event: Mapping[str, Any], _dialplan: Dialplan) -> Neutral | None:
    channel = event["channel"]
    told = {"type": "offered", "direction": "in", "from": channel["caller"]["number"], "to": channel["dialplan"]["exten"]}
    return told if _is_callers_channel(event) else None


def _ari_key(event: Mapping[str, Any], dialplan: Dialplan) -> Neutral | None:
    in_menu = event["channel"]["dialplan"]["context"] == dialplan.menu and _is_callers_channel(event)
    return {"type": "ivr_choice", "ivr_path": event["digit"]} if in_menu else None


def _destroyed(event: Mapping[str, Any], _dialplan: Dialplan) -> Neutral | None:
    return {"type": "ended", "disposition": _DISPOSITIONS.get(str(event["cause"]))} if _is_callers_channel(event) else None


def _recorded(event: Mapping[str, Any], _dialplan: Dialplan) -> Neutral | None:
    """Of a channel: a bridge's recording does not say of which call it is."""
    of, _, channel_id = event["recording"]["target_uri"].partition(":")
    return {"type": "recording_ready", "call_id": channel_id, "recording_ref": event["recording"]["name"]} if of == "channel" else None


_ARI: Final[Mapping[str, Callable[[Mapping[str, Any], Dialplan], Neutral | None]]] = {
    "StasisStart": _stasis_start,
    "ChannelDtmfReceived": _ari_key,
    "ChannelHold": lambda _event, _dialplan: {"type": "held"},
    "ChannelUnhold": lambda _event, _dialplan: {"type": "answered"},
    "ChannelDestroyed": _destroyed,
    "RecordingFinished": _recorded,
}
