"""Events as lines of JSON, in the journal and for `--output json`."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import TYPE_CHECKING

import orjson

from tui.run.events import Event, Output
from tui.run.typed import reader

if TYPE_CHECKING:
    from collections.abc import Callable


def _all_events(of: type[Event]) -> dict[str, type[Event]]:
    found = {of.type: of} if of.type else {}
    for kind in of.__subclasses__():
        found |= _all_events(kind)
    return found


_LONGEST = 1e9  # seconds: no run goes on for thirty years

TYPES = _all_events(Event)
"""Every kind of event, by its `type`."""

_any_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(event: Event) -> bytes:
    """Return an event as a line of JSON without line end; output of several lines as one line each."""
    if isinstance(event, Output) and "\n" in event.text:
        return b"\n".join(encode(dataclasses.replace(event, text=line)) for line in event.lines)
    try:
        fields = orjson.dumps(event)
    except orjson.JSONEncodeError:  # a file's name that is not UTF-8
        fields = _any_text(dataclasses.asdict(event)).encode(errors="replace")
    return b'{"type":"%b",%b' % (event.type.encode(), fields[1:])


def decode(line: str | bytes) -> Event | None:
    """Return the event that a line of JSON holds.

    Returns:
        The event, or None for a kind that this version does not know.

    Raises:
        ValueError: The line is no whole event.
    """
    data = orjson.loads(line)
    name = data.pop("type", "") if isinstance(data, dict) else None
    if not isinstance(name, str) or name not in TYPES:
        return None
    event = _reader(name)(data)
    if not abs(event.at) < _LONGEST:
        raise ValueError("an event has no time")
    return event


@cache
def _reader(name: str) -> Callable[[object], Event]:
    return reader(TYPES[name])
