"""The kept runs: listed, found by reference, read, and pruned."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.plan.address import DEFAULT, LOCAL
from tui.run.directories import runs_directory
from tui.run.journal import EVENTS, is_written, read_started, read_state
from tui.run.likeness import Likeness, is_whole, likeness, may_be_like

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.run.events import RunStarted
    from tui.run.state import RunState

LATEST = "latest"
GOOD = "@good"
MEDIAN = "@median"
COUNTED = (LATEST, "^1", GOOD)
"""References that are counted among the runs of a plan, for completion."""

MEDIAN_OF = 20
"""The number of runs that `@median` is made of at most."""
REHEARSAL = "rehearsal"
_BACK = re.compile(r"\^(\d{1,9})")
_ID = re.compile(r"(\d{8})T(\d{6})Z-(\w+)")  # a name that tells the time in UTC
_BEGINNING = re.compile(r"\d{4}[\w-]*")
_LIKE_ID = re.compile(r"\d{8}[T-]\d{6}Z?-\w*")
_MOST_BYTES = (
    16_000_000  # of a run's events, to learn from: some 100,000, which take about two seconds to read
)
_MOST_RUNS = 200  # that are looked at to learn from
_LISTED = "`bringup status --runs` lists the runs that are kept"


class RunReferenceError(BringupError):
    """A reference leads to no run, or to several."""


def new_run_id(now: datetime.datetime) -> str:
    """Return a run's id: the time in UTC, and four digits that order the runs of one second."""
    utc = now.astimezone(datetime.UTC)
    return f"{utc:%Y%m%dT%H%M%SZ}-{utc.microsecond * 256 // 1_000_000:02x}{secrets.token_hex(1)}"


@dataclass(frozen=True)
class KeptRun:
    """A run whose journal is kept.

    Attributes:
        directory: Where its journal is.
        started: Its first event.
    """

    directory: Path
    started: RunStarted

    @property
    def id(self) -> str:
        """The run's id."""
        return self.started.run

    @property
    def is_real(self) -> bool:
        """Whether it was no rehearsal."""
        return self.started.environment != REHEARSAL

    @property
    def is_running(self) -> bool:
        """Whether a process still writes the run's journal."""
        return is_written(self.directory)

    @cached_property
    def state(self) -> RunState:
        """The run as it ended, or as it stands.

        Raises:
            OSError: The journal cannot be read any more.
        """
        return read_state(self.directory)

    @property
    def came_up(self) -> bool:
        """Whether it is a real run after which the plan was up as a whole."""
        up = self.is_real and self.started.purpose == "up"
        return up and self.state.result == "succeeded" and not self.state.assumed

    @property
    def likeness(self) -> Likeness:
        """What runs like it have in common with it."""
        return likeness(self.state)

    @property
    def size(self) -> int:
        """The bytes that the run takes on disk."""
        return sum(path.lstat().st_size for path in self.directory.rglob("*"))


@dataclass(frozen=True, slots=True)
class Limits:
    """How many runs are kept; the last good run of each plan is kept whatever they say.

    Attributes:
        runs: The number of runs.
        days: The age of the oldest, in days.
        gigabytes: The size of all together, in 10⁹ bytes.
    """

    runs: float = 200
    days: float = 90
    gigabytes: float = 5

    @classmethod
    def from_environment(cls) -> Limits:
        """Return the limits that `BRINGUP_KEEP_RUNS`, `…_DAYS` and `…_GIGABYTES` set, else the defaults.

        Raises:
            BringupError: One of them is no number.
        """
        found: dict[str, float] = {}
        for name in ("runs", "days", "gigabytes"):
            text = os.environ.get(variable := f"BRINGUP_KEEP_{name.upper()}", "").strip()
            if text and not re.fullmatch(r"\d+(\.\d+)?|inf", text):
                raise BringupError(f"{variable}={text} is no number", "set a number, or `inf` to keep all")
            found |= {name: float(text)} if text else {}
        return cls(**found)


@dataclass(slots=True)
class Store:
    """The directory that runs are kept in.

    Attributes:
        root: The directory; it may not be there yet.
        skipped: What the latest listing found there besides runs: foreign directories and damaged journals.
    """

    root: Path = field(default_factory=runs_directory)
    skipped: list[Path] = field(default_factory=list)

    def runs(self, plan: str | None = None, purpose: str | None = "up") -> Iterator[KeptRun]:
        """Yield the kept runs, newest first.

        Args:
            plan: The name of the plan whose runs are wanted; None for any.
            purpose: Whether they brought `up` or took `down`; None for both.
        """
        self.skipped = []
        for directory in self._newest_first():
            started = read_started(directory)
            if started is None:
                self.skipped.append(directory)
            elif purpose in {None, started.purpose} and plan in {None, started.plan}:
                yield KeptRun(directory, started)

    def readable(self, plan: str | None = None) -> Iterator[KeptRun]:
        """Yield the kept runs whose whole journal can be read, newest first."""
        for run in self.runs(plan):
            with contextlib.suppress(OSError):  # somebody deletes it meanwhile
                if run.state.started:
                    yield run

    def latest(self, plan: str | None = None) -> KeptRun | None:
        """Return the latest real run that brought a plan up; where there is none, the latest rehearsal."""
        rehearsal = None
        for run in self.runs(plan):
            if run.is_real:
                return run
            rehearsal = rehearsal or run
        return rehearsal

    def taken_down_by(self, run: KeptRun) -> KeptRun | None:
        """Return the latest run that took down what a run brought up, wholly or in part; None if none has."""
        for later in self.runs(run.started.plan, purpose=None):
            if later.id == run.id:
                return None
            if later.started.purpose == "down" and _is_of_same(later.started, run.started):
                with contextlib.suppress(OSError):  # somebody deletes it meanwhile
                    if later.state.with_status("succeeded"):
                        return later
        return None

    def good(self, plan: str | None = None) -> KeptRun | None:
        """Return the latest real run after which the plan was up as a whole; None if there is none."""
        return next((run for run in self.readable(plan) if run.came_up), None)

    def like(self, run: KeptRun, limit: int = MEDIAN_OF) -> Iterator[KeptRun]:
        """Yield the runs like a run, newest first, without itself.

        They have all in common with it that `Likeness` names, and did all of their plan by themselves.
        """
        return islice((other for other in self._all_like(run.likeness) if other.id != run.id), limit)

    def open(self, reference: str, plan: str | None = None) -> KeptRun:
        """Return the run that a reference leads to.

        Args:
            reference: An id, its unambiguous beginning, a journal's directory, or, counted among the runs
                that brought a plan up, `latest`, `^1` for the first before that and so on, and `@good` for
                the latest real one that came up as a whole.
            plan: The name of the plan whose runs are counted; None for any.

        Raises:
            RunReferenceError: There is no such run, there are several, or it is `@median`.
        """
        return self._counted(reference, plan) if is_counted(reference) else self._named(reference)

    def select(self, reference: str, plan: str | None = None, like: KeptRun | None = None) -> list[KeptRun]:
        """Return the runs that a reference leads to: for `@median` the last that are alike, else one.

        Args:
            reference: As `open` takes it, or `@median`.
            plan: The name of the plan whose runs are counted; None for any.
            like: The run that those of `@median` are like, which is not among them; by default the one that
                `@good` leads to, which is.

        Raises:
            RunReferenceError: There is no such run, or there are several.
        """
        if reference != MEDIAN:
            return [self.open(reference, plan)]
        found = [*self.like(like)] if like else self._like_the_good_one(plan)
        if not found:
            of = f" like {like.id}" if like else ""
            hint = "bring the plan up again in the same way, or name a run"
            raise RunReferenceError(f"run {MEDIAN!r}: no other run{of} is kept", hint)
        return found

    def _like_the_good_one(self, plan: str | None) -> list[KeptRun]:
        good = self.open(GOOD, plan)
        return [*islice(self._all_like(good.likeness), MEDIAN_OF)]

    def _all_like(self, wanted: Likeness) -> Iterator[KeptRun]:
        for run in islice(self.runs(wanted.plan, wanted.purpose), _MOST_RUNS):
            if may_be_like(run.started, wanted):
                with contextlib.suppress(OSError):  # somebody deletes it meanwhile
                    if _is_read_soon(run) and is_whole(run.state) and run.likeness == wanted:
                        yield run

    def _counted(self, reference: str, plan: str | None) -> KeptRun:
        of = f" of plan {plan!r}" if plan else ""
        if reference == MEDIAN:
            hint = f"name one: `{LATEST}`, `^1`, `{GOOD}` or an id"
            raise RunReferenceError(f"run {MEDIAN!r} is made of several runs, and this takes one", hint)
        if reference == GOOD:
            if (good := self.good(plan)) is None:
                raise RunReferenceError(f"run {GOOD!r}: no real run{of} that came up is kept", _LISTED)
            return good
        back = _BACK.fullmatch(reference)
        if reference != LATEST and back is None:
            hint = f"`{LATEST}`, `^1`, `^2` …, `{GOOD}` and `{MEDIAN}` are known"
            raise RunReferenceError(f"run {reference!r}: there is no such run", hint)
        count = int(back[1]) if back else 0
        found = next(islice(self.runs(plan), count, None), None)
        if found is None and count and next(self.runs(plan), None):
            raise RunReferenceError(f"run {reference!r}: so many runs{of} are not kept", _LISTED)
        if found is None:
            raise RunReferenceError(f"no run{of} is kept", "run `bringup up` first")
        return found

    def _named(self, reference: str) -> KeptRun:
        directories = self._beginning_with(reference)
        if len(directories) > 1:
            names = ", ".join(path.name for path in directories[:5])
            more = ", …" if len(directories) > 5 else ""
            raise RunReferenceError(f"run {reference!r} is ambiguous: {names}{more}", "write more of its id")
        directory = directories[0] if directories else Path(reference).expanduser()
        started = read_started(directory) if reference else None
        if started is None:
            damaged = bool(reference) and (directory / EVENTS).exists()
            wrong = "its journal is damaged" if damaged else "there is no such run"
            raise RunReferenceError(f"run {reference!r}: {wrong}", _LISTED)
        return KeptRun(directory, started)

    def leads_to_run(self, reference: str) -> bool:
        """Return whether a text is a reference to a run and not a plan's name or file."""
        if is_counted(reference) or _LIKE_ID.fullmatch(reference):
            return True
        known = _BEGINNING.fullmatch(reference) is not None and bool(self._beginning_with(reference))
        return known or (Path(reference).expanduser() / EVENTS).exists()

    def recent_states(self, plan: str, environment: str, limit: int = 5, current: str = "") -> list[RunState]:
        """Return the newest runs that brought a plan up, as they ended or stand, newest first.

        Runs that cannot be read, and overly long ones, are passed over: these are runs to learn from.

        Args:
            plan: The plan's name.
            environment: `kind` or `rehearsal`.
            limit: How many at most.
            current: The id of a run to leave out: the one that asks.
        """
        return list(islice(self._states(plan, environment, current), limit))

    def _states(self, plan: str, environment: str, current: str) -> Iterator[RunState]:
        for run in islice(self.runs(plan), _MOST_RUNS):
            if run.started.environment == environment and run.id != current:
                with contextlib.suppress(OSError):
                    if _is_read_soon(run):
                        yield run.state

    def prune(self, limits: Limits) -> list[KeptRun]:
        """Delete the oldest runs beyond the limits.

        Left alone are runs that still go on, the last good run of each plan, and what is no run.

        Returns:
            The deleted runs.
        """
        runs = list(self.runs(purpose=None))
        beyond = list(_beyond(runs, limits, time.time()))
        spared = {run.id for plan in {run.started.plan for run in beyond} if (run := _last_good(runs, plan))}
        pruned = [run for run in beyond if run.id not in spared and not run.is_running]
        for run in pruned:
            shutil.rmtree(run.directory, ignore_errors=True)
        return pruned

    def _beginning_with(self, text: str) -> list[Path]:
        """Return the directories whose name is a text, else those whose name begins with it."""
        if not text or "/" in text:
            return []
        names = [directory for directory in self._directories() if directory.name.startswith(text)]
        return [directory for directory in names if directory.name == text] or sorted(names, reverse=True)

    def _directories(self) -> list[Path]:
        with contextlib.suppress(OSError):
            return [path for path in self.root.iterdir() if path.is_dir()]
        return []

    def _newest_first(self) -> list[Path]:
        return sorted(self._directories(), key=_time_of, reverse=True)


def is_counted(reference: str) -> bool:
    """Return whether a reference is counted among the runs of a plan, and is no run's name."""
    return reference == LATEST or reference.startswith(("^", "@"))


def _is_read_soon(run: KeptRun) -> bool:
    return (run.directory / EVENTS).stat().st_size <= _MOST_BYTES


def _is_of_same(down: RunStarted, up: RunStarted) -> bool:
    """Return whether two runs of a plan are of the same environment: its values, its cluster, its hosts."""
    values = down.digest == up.digest or (down.files, down.settings) == (up.files, up.settings)
    one, other = (started.hosts or {DEFAULT: LOCAL} for started in (down, up))
    hosts = all(one[name] == other[name] for name in one.keys() & other.keys())
    return values and hosts and down.cluster == up.cluster and up.environment != REHEARSAL


def _time_of(directory: Path) -> tuple[str, str]:
    """Return when a run began, in UTC, so that it can be compared."""
    if match := _ID.fullmatch(directory.name):
        return f"{match[1]}{match[2]}", match[3]
    started = read_started(directory)  # a name of an earlier version tells local time
    with contextlib.suppress(ValueError, OverflowError):
        if started is not None:
            began = datetime.datetime.fromisoformat(started.started).astimezone(datetime.UTC)
            return f"{began:%Y%m%d%H%M%S}", directory.name
    return "", directory.name


def _beyond(runs: list[KeptRun], limits: Limits, now: float) -> Iterator[KeptRun]:
    """Yield the runs that are beyond some limits, of runs that are sorted newest first."""
    size = 0.0
    for count, run in enumerate(runs, 1):
        with contextlib.suppress(OSError):  # somebody else deletes it
            size += run.size
            days = (now - (run.directory / EVENTS).stat().st_mtime) / 86_400
            if count > limits.runs or days > limits.days or size > limits.gigabytes * 1e9:
                yield run


def _last_good(runs: list[KeptRun], plan: str) -> KeptRun | None:
    for run in runs:
        if run.started.plan == plan:
            with contextlib.suppress(OSError):  # somebody deletes it meanwhile
                if run.came_up:
                    return run
    return None
