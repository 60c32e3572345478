"""Pure functions from an AMI or ARI event of Asterisk to the body of `POST /v1/channels/phone/calls`, or None.

A bridge next to the exchange reads AMI (TCP 5038, better with `timestampevents = yes`) or ARI (`/ari/events`), numbers the events
(`seq`, growing over a call) and posts the results; this repository contains no bridge. Linkedid, the oldest channel of a call, identifies
the call on all its legs. An agent's MemberName is the subject of the operator's token. Digits count in the voice menu's context only:
elsewhere they are numbers and PINs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NotRequired, TypedDict, cast

NeutralEvent = TypedDict(
    "NeutralEvent",
    {
        "type": str,
        "call_id": str | None,
        "leg_id": str | None,
        "seq": int,
        "at": str,
        "direction": str,
        "from": str | None,
        "to": str | None,
        "queue": str | None,
        "agent_id": str | None,
        "ivr_path": str | None,
        "wait_s": int | None,
        "talk_s": int | None,
        "disposition": str | None,
        "recording_ref": str | None,
    },
    total=False,
)
"""The body of a call event; `CallEventIn` validates it."""
AmiEvent = Mapping[str, str]

# Q.850 causes that say more than that the call is over.
_DISPOSITIONS: Final = {"17": "BUSY", "18": "NO ANSWER", "19": "NO ANSWER", "34": "CONGESTION", "38": "CONGESTION", "42": "CONGESTION"}
_LINKED: Final = "CHANNEL(linkedid)"


class AriCaller(TypedDict):
    """The calling party of a channel."""

    number: str


class AriDialplan(TypedDict):
    """The position of a channel in the dialplan."""

    context: str
    exten: str


class AriChannel(TypedDict):
    """The fields of an ARI channel that are used."""

    id: str
    caller: AriCaller
    dialplan: AriDialplan
    channelvars: NotRequired[Mapping[str, str]]


class AriRecording(TypedDict):
    """The fields of an ARI live recording that are used."""

    name: str
    target_uri: str


class AriEvent(TypedDict):
    """The fields of ARI events that are used; each type of event has some of them."""

    type: str
    timestamp: str
    channel: NotRequired[AriChannel]
    digit: NotRequired[str]
    cause: NotRequired[int]
    recording: NotRequired[AriRecording]


@dataclass(frozen=True, slots=True)
class Dialplan:
    """The names of an exchange's contexts."""

    inbound: str = "from-trunk"
    outbound: str = "from-agents"
    menu: str = "menu-1414"


def from_ami(event: AmiEvent, *, seq: int, at: datetime, dialplan: Dialplan) -> NeutralEvent | None:
    """Return the neutral form of an AMI event; None for one without meaning for a call.

    `at`: when the event was read, for an event without a Timestamp.
    """
    convert = _AMI.get(event.get("Event", ""))
    converted = convert(event, dialplan) if convert is not None else None
    if converted is None:
        return None
    call_id = converted.get("call_id") or event.get("Linkedid")
    stamp = event.get("Timestamp")
    happened = datetime.fromtimestamp(float(stamp), UTC) if stamp else at
    common = NeutralEvent(leg_id=event.get("Uniqueid"), seq=seq, at=_written(happened))
    return _without_empty({**common, **converted, "call_id": call_id}) if call_id else None


def _without_empty(event: NeutralEvent) -> NeutralEvent:
    return cast("NeutralEvent", {name: value for name, value in event.items() if value not in {None, ""}})


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(event: AmiEvent, name: str) -> int | None:
    value = event.get(name, "")
    return int(value) if value.isdecimal() else None


def _is_callers_leg(event: AmiEvent) -> bool:
    return event.get("Uniqueid") == event.get("Linkedid")


def _new_channel(event: AmiEvent, dialplan: Dialplan) -> NeutralEvent | None:
    direction = {dialplan.inbound: "in", dialplan.outbound: "out"}.get(event.get("Context", ""))
    if direction is None or not _is_callers_leg(event):
        return None
    return {"type": "offered", "direction": direction, "from": event.get("CallerIDNum"), "to": event.get("Exten")}


def _key(event: AmiEvent, dialplan: Dialplan) -> NeutralEvent | None:
    in_menu = event.get("Context") == dialplan.menu and event.get("Direction") == "Received"
    return {"type": "ivr_choice", "ivr_path": event.get("Digit")} if in_menu and _is_callers_leg(event) else None


def _queued(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent:
    return {"type": "queued", "queue": event.get("Queue")}


def _ringing(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent:
    return {"type": "ringing", "queue": event.get("Queue"), "agent_id": event.get("MemberName")}


def _answered(event: AmiEvent, dialplan: Dialplan) -> NeutralEvent:
    return {**_ringing(event, dialplan), "type": "answered", "wait_s": _seconds(event, "HoldTime")}


def _complete(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    """Return the end of the call; None after a transfer, because the call goes on."""
    if event.get("Reason") == "transfer":
        return None
    return {"type": "ended", "wait_s": _seconds(event, "HoldTime"), "talk_s": _seconds(event, "TalkTime"), "disposition": "ANSWERED"}


def _abandoned(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent:
    return {"type": "abandoned", "queue": event.get("Queue"), "wait_s": _seconds(event, "HoldTime")}


def _held(_event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent:
    return {"type": "held"}


def _resumed(_event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent:
    return {"type": "answered"}


def _transferred(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    call_id = event.get("TransfereeLinkedid") or event.get("OrigTransfererLinkedid") or event.get("TransfererLinkedid")
    leg_id = event.get("TransfererUniqueid") or event.get("OrigTransfererUniqueid")
    return {"call_id": call_id, "leg_id": leg_id, "type": "transferred"} if event.get("Result") == "Success" else None


def _hung_up(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    return {"type": "ended", "disposition": _DISPOSITIONS.get(event.get("Cause", ""))} if _is_callers_leg(event) else None


def _variable(event: AmiEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    """Return the name of the recording, which MixMonitor sets as a variable."""
    is_recording = event.get("Variable") == "MIXMONITOR_FILENAME"
    return {"type": "recording_ready", "recording_ref": event.get("Value")} if is_recording else None


_AMI: Final[Mapping[str, Callable[[AmiEvent, Dialplan], NeutralEvent | None]]] = {
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


def from_ari(event: AriEvent, *, seq: int, dialplan: Dialplan) -> NeutralEvent | None:
    """Return the neutral form of an ARI event; None for one without meaning for a call.

    An event carries its channel's Linkedid if `ari.conf` has `channelvars = CHANNEL(linkedid)`; without it the channel identifies the call.
    """
    convert = _ARI.get(event.get("type", ""))
    converted = convert(event, dialplan) if convert is not None else None
    if converted is None:
        return None
    channel = event.get("channel")
    channel_id = channel["id"] if channel is not None else None
    linked = channel.get("channelvars", {}).get(_LINKED) if channel is not None else None
    at = _written(datetime.fromisoformat(event["timestamp"]))
    common = NeutralEvent(call_id=linked or channel_id, leg_id=channel_id, seq=seq, at=at)
    neutral = _without_empty({**common, **converted})
    return neutral if "call_id" in neutral else None


def _is_callers_channel(event: AriEvent) -> bool:
    channel = event["channel"]
    return channel.get("channelvars", {}).get(_LINKED, channel["id"]) == channel["id"]


def _stasis_start(event: AriEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    if not _is_callers_channel(event):
        return None
    channel = event["channel"]
    return {"type": "offered", "direction": "in", "from": channel["caller"]["number"], "to": channel["dialplan"]["exten"]}


def _ari_key(event: AriEvent, dialplan: Dialplan) -> NeutralEvent | None:
    in_menu = event["channel"]["dialplan"]["context"] == dialplan.menu and _is_callers_channel(event)
    return {"type": "ivr_choice", "ivr_path": event["digit"]} if in_menu else None


def _destroyed(event: AriEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    return {"type": "ended", "disposition": _DISPOSITIONS.get(str(event["cause"]))} if _is_callers_channel(event) else None


def _recorded(event: AriEvent, _dialplan: Dialplan) -> NeutralEvent | None:
    """Return the recording of a channel; None for one of a bridge, which does not name its call."""
    of, _, channel_id = event["recording"]["target_uri"].partition(":")
    return {"type": "recording_ready", "call_id": channel_id, "recording_ref": event["recording"]["name"]} if of == "channel" else None


_ARI: Final[Mapping[str, Callable[[AriEvent, Dialplan], NeutralEvent | None]]] = {
    "StasisStart": _stasis_start,
    "ChannelDtmfReceived": _ari_key,
    "ChannelHold": lambda _event, _dialplan: {"type": "held"},
    "ChannelUnhold": lambda _event, _dialplan: {"type": "answered"},
    "ChannelDestroyed": _destroyed,
    "RecordingFinished": _recorded,
}
