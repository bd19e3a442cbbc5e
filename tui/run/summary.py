"""What lists tell of a run, worked out of its journal."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
from dataclasses import astuple
from typing import TYPE_CHECKING, NamedTuple

from tui.run.likeness import Likeness, is_whole, likeness
from tui.run.work_time import busy, work_time

if TYPE_CHECKING:
    from tui.run.state import RunState

REHEARSAL = "rehearsal"
_LATEST = 1e11  # seconds since 1970: the year 5138, from which on calendars may overflow
_ID = re.compile(r"(\d{8})T(\d{6})Z-(\w+)")  # a name that tells the time in UTC


class Summary(NamedTuple):
    """What lists tell of a run.

    Attributes:
        name: The name of its journal's directory.
        order: A text by which runs are sorted by the time at which they began.
        run: Its id.
        plan: The plan's name.
        purpose: `up` or `down`.
        began: When it began, in seconds since 1970; 0 where that is not known.
        started: The same, ISO 8601 with zone.
        environment: `kind` or `rehearsal`.
        speed: How many times as fast as its recording a rehearsal is.
        where: The machines that it ran on, in words.
        mode: The mode in the end.
        outcome: How it went; empty where it has no end.
        tasks: The number of its tasks.
        done: How many of them it, or an earlier run, did.
        seconds: The time in which something ran.
        like: A text that it has in common with like runs.
        is_whole: Whether it did all of its plan by itself.
        came_up: Whether it is a real run after which the plan was up as a whole.
        changed: When its journal changed last, in seconds since 1970.
        size: The bytes that it takes on disk.
        stamp: Tells whether its journal has changed since.
    """

    name: str
    order: str
    run: str
    plan: str
    purpose: str
    began: float
    started: str
    environment: str
    speed: float
    where: str
    mode: str
    outcome: str
    tasks: int
    done: int
    seconds: float
    like: str
    is_whole: bool
    came_up: bool
    changed: float
    size: int
    stamp: str


def summarize(name: str, state: RunState, changed: float = 0.0, size: int = 0, stamp: str = "") -> Summary:
    """Return the summary of a run that has begun.

    Args:
        name: The name of its journal's directory.
        state: The run.
        changed: When its journal changed last, in seconds since 1970.
        size: The bytes that it takes on disk.
        stamp: Tells whether its journal has changed since.
    """
    started = state.started
    assert started is not None
    began = began_at(started.started)
    return Summary(
        name=name,
        order=order(name, began),
        run=started.run,
        plan=started.plan,
        purpose=started.purpose,
        began=began,
        started=started.started,
        environment=started.environment,
        speed=started.speed,
        where=started.where,
        mode=state.mode,
        outcome=state.result or "",
        tasks=len(state.tasks),
        done=len(state.with_status("succeeded")) - len(state.assumed),
        seconds=work_time(busy(state, state.known_until)),
        like=like_key(likeness(state)),
        is_whole=is_whole(state),
        came_up=came_up(state),
        changed=changed,
        size=size,
        stamp=stamp,
    )


def damaged(name: str, stamp: str) -> Summary:
    """Return what is known of a directory whose journal is damaged, which has no run."""
    nothing = Summary._make([None] * len(Summary._fields))
    return nothing._replace(name=name, run="", stamp=stamp)


def began_at(started: str) -> float:
    """Return the seconds since 1970 of a time in ISO 8601; 0 where it is none, or none of a run."""
    with contextlib.suppress(ValueError, OverflowError):
        began = datetime.datetime.fromisoformat(started).timestamp()
        return began if 0 < began < _LATEST else 0.0
    return 0.0


def came_up(state: RunState) -> bool:
    """Return whether a run is a real one after which the plan was up as a whole."""
    started = state.started
    is_up = started is not None and started.purpose == "up" and started.environment != REHEARSAL
    return is_up and state.result == "succeeded" and not state.assumed


def like_key(of: Likeness) -> str:
    """Return a text that only like runs have in common."""
    import hashlib  # loads OpenSSL, and the index has what is made of it

    return hashlib.sha256(json.dumps(astuple(of)).encode()).hexdigest()[:16]


def order(name: str, began: float) -> str:
    """Return a text by which runs are sorted: by time in UTC, then by name.

    Args:
        name: The name of a journal's directory.
        began: When the run began, in seconds since 1970, which counts where the name does not tell it.
    """
    if match := _ID.fullmatch(name):
        return f"{match[1]}{match[2]} {match[3]}"
    at = datetime.datetime.fromtimestamp(began, datetime.UTC)
    return f"{at:%Y%m%d%H%M%S} {name}" if began else f" {name}"
