"""The kept runs: listed, found by reference, and compared with those that are like them."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.plan.address import DEFAULT, LOCAL
from tui.run.directories import runs_directory
from tui.run.journal import EVENTS, read_started, read_state
from tui.run.kept_run import KeptRun
from tui.run.likeness import is_whole
from tui.run.listing import Listing, Measured, list_runs, read_measured, stamp_of
from tui.run.summary import REHEARSAL, Summary, began_at, like_key, order
from tui.run.times import Times, median_times, times_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.run.events import RunStarted
    from tui.run.state import RunState

LATEST = "latest"
GOOD = "@good"
MEDIAN = "@median"
COUNTED = (LATEST, "^1", GOOD)
"""References that are counted among the runs of a plan, for completion."""

MEDIAN_OF = 20
"""The number of runs that `@median` is made of at most."""

_BACK = re.compile(r"\^(\d{1,9})")
_BEGINNING = re.compile(r"\d{4}[\w-]*")
_LIKE_ID = re.compile(r"\d{8}[T-]\d{6}Z?-\w*")
_MOST_BYTES = (
    16_000_000  # of a run's events, to learn from: some 100,000, which take about two seconds to read
)
_MOST_RUNS = 200  # that are looked at to learn from
_LISTED = "`bringup runs` lists the runs that are kept"


class RunReferenceError(BringupError):
    """A reference leads to no run, or to several."""


def new_run_id(now: datetime.datetime) -> str:
    """Return a run's id: the time in UTC, and four digits that order the runs of one second."""
    utc = now.astimezone(datetime.UTC)
    return f"{utc:%Y%m%dT%H%M%SZ}-{utc.microsecond * 256 // 1_000_000:02x}{os.urandom(1).hex()}"


@dataclass(slots=True)
class Store:
    """The directory that runs are kept in.

    Attributes:
        root: The directory; it may not be there yet.
    """

    root: Path = field(default_factory=runs_directory)

    def runs(self, plan: str | None = None, purpose: str | None = "up") -> Iterator[KeptRun]:
        """Yield the kept runs, newest first.

        Args:
            plan: The name of the plan whose runs are wanted; None for any.
            purpose: Whether they brought `up` or took `down`; None for both.
        """
        for directory in sorted(self._directories(), key=_order, reverse=True):
            started = read_started(directory)
            if started and purpose in {None, started.purpose} and plan in {None, started.plan}:
                yield KeptRun(directory, started)

    def listing(self) -> Listing:
        """Return what is in the store."""
        return list_runs(self.root)

    def measured(self, runs: Iterable[KeptRun]) -> list[Measured]:
        """Return what was measured of runs.

        Raises:
            OSError: A journal cannot be read any more.
        """
        runs = [*runs]
        here = [run.directory.name for run in runs if run.directory.parent == self.root]
        packed = read_measured(
            self.root, {name: stamp_of((self.root / name / EVENTS).stat()) for name in here}
        )
        return [packed.get(run.directory.name) or Measured.of(run.state) for run in runs]

    def usual(self, run: KeptRun) -> Times | None:
        """Return the medians of the runs like a run, without itself; None where there are none."""
        like = [*islice(self._summaries_like(run), MEDIAN_OF)]
        packed = read_measured(self.root, {each.name: each.stamp for each in like})
        found = [packed[each.name].times for each in like if each.name in packed]
        for each in like if len(found) < len(like) else ():
            with contextlib.suppress(OSError):  # somebody deletes it meanwhile
                found += [times_of(read_state(self.root / each.name))] if each.name not in packed else []
        return median_times(found) if found else None

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
        found = (each for each in self.listing().summaries if each.came_up and plan in {None, each.plan})
        return next(self._opened(found), None)

    def like(self, run: KeptRun, limit: int = MEDIAN_OF) -> Iterator[KeptRun]:
        """Yield the runs like a run, newest first, without itself.

        They have all in common with it that `Likeness` names, and did all of their plan by themselves.
        """
        return islice(self._opened(self._summaries_like(run)), limit)

    def _summaries_like(self, run: KeptRun) -> Iterator[Summary]:
        summaries = self.listing().summaries
        key = next((each.like for each in summaries if each.run == run.id), "") or like_key(run.likeness)
        return (each for each in summaries if each.like == key and each.is_whole and each.run != run.id)

    def before(self, run: KeptRun) -> KeptRun:
        """Return the last run before another of the same plan and environment after which the plan was up.

        Raises:
            RunReferenceError: There is none.
        """
        summaries = self.listing().summaries
        place = next((i for i, each in enumerate(summaries, 1) if each.run == run.id), 0)
        environment = run.started.environment
        found = (
            each
            for each in summaries[place:]
            if (each.plan, each.environment, each.purpose) == (run.started.plan, environment, "up")
            and each.outcome == "succeeded"
            and each.done == each.tasks
            and each.run != run.id
        )
        if (earlier := next(self._opened(found), None)) is None:
            cause = f"no run of plan {run.started.plan!r} before {run.id} that came up is kept"
            raise RunReferenceError(cause, "name the run to compare it with")
        return earlier

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
        whole = [good] if is_whole(good.state) else []
        return [*whole, *self.like(good, MEDIAN_OF - len(whole))]

    def _opened(self, summaries: Iterable[Summary]) -> Iterator[KeptRun]:
        for each in summaries:
            directory = self.root / each.name
            if started := read_started(directory):  # else somebody deletes it meanwhile
                yield KeptRun(directory, started)

    def _counted(self, reference: str, plan: str | None) -> KeptRun:
        of = f" of plan {plan!r}" if plan else ""
        if reference == MEDIAN:
            hint = f"name one: `{LATEST}`, `^1`, `{GOOD}` or an id"
            raise RunReferenceError(f"run {MEDIAN!r} is made of several runs, and this takes one", hint)
        if reference == GOOD:
            if (good := self.good(plan)) is None:
                hint = f"name a run: {_LISTED}"
                raise RunReferenceError(f"no real run{of} that came up as a whole is kept", hint)
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
            plan = f"; the plan is `./{reference}`" if Path(reference).exists() else ""
            cause, hint = f"run {reference!r} is ambiguous: {names}{more}", f"write more of its id{plan}"
            raise RunReferenceError(cause, hint)
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

    def recent_states(
        self, plan: str, environment: str, limit: int = 10, current: str = "", mode: str = ""
    ) -> list[RunState]:
        """Return the newest runs that brought a plan up, as they ended or stand, newest first.

        Runs that cannot be read, and overly long ones, are passed over: these are runs to learn from.

        Args:
            plan: The plan's name.
            environment: `kind` or `rehearsal`.
            limit: How many at most.
            current: The id of a run to leave out: the one that asks.
            mode: The mode in which they started, if any did: tasks take longer beside others. Empty for any.
        """
        of_mode = list(islice(self._states(plan, environment, current, mode), limit)) if mode else []
        return of_mode or list(islice(self._states(plan, environment, current, ""), limit))

    def _states(self, plan: str, environment: str, current: str, mode: str) -> Iterator[RunState]:
        for run in islice(self.runs(plan), _MOST_RUNS):
            started = run.started
            if started.environment == environment and run.id != current and mode in {"", started.mode}:
                with contextlib.suppress(OSError):
                    if _is_read_soon(run):
                        yield run.state

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


def _order(directory: Path) -> str:
    """Return a text by which runs are sorted by the time at which they began."""
    key = order(directory.name, 0.0)
    if not key.startswith(" "):
        return key
    started = read_started(directory)  # a name of an earlier version tells local time
    return order(directory.name, began_at(started.started)) if started else key
