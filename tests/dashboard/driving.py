"""A live run in the dashboard, for tests: a real engine on a clock that a test moves, and a pilot's hands."""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

from textual._context import active_app
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot, WaitForScreenTimeout
from textual.widget import Widget
from textual.widgets._toast import Toast

from tests.plans import Scripted, make_plan, started
from tests.virtual import SteppedLoop
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.widgets.deck import Deck
from tui.dashboard.widgets.timeline import Timeline
from tui.engine.engine import Engine
from tui.engine.session import Session
from tui.errors import ActionError
from tui.insight.expectation import EMPTY
from tui.reporter import Done
from tui.run import events as e
from tui.run.commands import Kill
from tui.run.feed import Feed, Tail
from tui.run.journal import Journal
from tui.run.standing import Stands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from textual.app import App
    from textual.strip import Strip

    from tui.actions.context import Context
    from tui.insight.expectation import Expectation
    from tui.plan.steps import Step
    from tui.run.commands import Command
    from tui.run.state import RunState

PHASES: list[dict[str, list[str]]] = [
    {"cluster": [], "image": []},
    {"database": ["cluster"], "tekton": ["cluster"]},
    {"deploy": ["database", "image"]},
]
SECONDS = {"cluster": 10.0, "image": 20.0, "database": 30.0, "tekton": 60.0, "deploy": 15.0}
END = 200.0
"""A time at which all of it has ended, however often a task of it was run."""
STOPPING = 2.0  # seconds that a stubborn task takes to stop

E = TypeVar("E", bound=e.Event)


_TURNS = 500  # that an app is given to come to rest; one that never does is looked at as it is

_LOOKS = 1000  # at the screen, 20 ms apart, until a text must have come to it

_LONG = 600.0  # seconds that toasts stay, whose own time may be over before a busy machine looks at them


class Live:
    """A run that begins when the dashboard asks for it; see `tui.dashboard.control.Control`.

    Attributes:
        events: All that its engine said, but output.
        feed: What the run tells, once it has begun.
        directory: Where it is kept.
        expectation: How long things took before.
        interrupts: The user, or a signal, asked for its end.
    """

    read_only = ""
    is_elsewhere = False
    moment = math.inf

    def __init__(
        self,
        folder: Path,
        phases: Sequence[Mapping[str, Sequence[str]]] = PHASES,
        seconds: Mapping[str, float] = SECONDS,
        fails: Mapping[str, Sequence[int]] | None = None,
        script: Callable[[Step, Context], Any] | None = None,
        mode: str = "parallel",
        first: Mapping[str, Any] | None = None,
        expectation: Expectation = EMPTY,
        **plan: Any,
    ) -> None:
        """Prepares it.

        Args:
            folder: Where its journal is kept.
            phases: As for `make_plan`.
            seconds: How long each task takes.
            fails: The attempts of tasks that fail.
            script: What each step does, instead of taking that time.
            mode: The mode that it begins in.
            first: Other fields of the run's first event.
            expectation: How long things took before.
            plan: Further keys of the plan.
        """
        self.events: list[e.Event] = []
        self.feed: Feed | None = None
        self.expectation = expectation
        self.stands = Stands()
        self.interrupts = False
        self.loop = SteppedLoop()
        self._seconds, self._fails = seconds, fails or {}
        self._folder = folder
        self.directory = folder / "run"
        self._plan = make_plan(phases, **plan)
        self._first = replace(started(self._plan, mode), **(first or {}))
        self._script = script or self._take_time

    def start(self) -> None:
        """Starts the engine, which stands at the run's begin until its clock is moved."""
        self.journal = Journal(self.directory)
        feed = Feed(self.journal, clock=self.loop.time)

        def tell(event: e.Event) -> None:
            if not isinstance(event, e.Output):
                self.events.append(event)
            feed.put(event)

        self.engine = Engine(
            self._plan, Scripted(self._script), self._first, cache=self._folder, journal=self.journal,
            listener=tell, stay=True,
        )  # fmt: skip
        self.session = Session(self.engine, feed, runner=asyncio.Runner(loop_factory=lambda: self.loop))
        self.session.start()
        self.loop.advance(0.0)

    async def _take_time(self, _: Step, context: Context) -> Done:
        context.log(f"{context.task} begins")
        await asyncio.sleep(self._seconds.get(context.task, 0.0))
        if context.attempt in self._fails.get(context.task, ()):
            raise ActionError("the server said 503", "look at the server")
        return Done("made it")

    def begin(self) -> None:
        """Shows the run, which stands at its begin."""
        self.feed = self.session.feed

    def lines(self, task: str) -> Tail:
        """A task's last lines."""
        return self.session.feed.tail(task)

    def preview(self) -> tuple[str, tuple[e.PhaseOutline, ...]]:
        """The plan's name and phases."""
        return self._first.plan, self._first.phases

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.session.feed.closed

    def tell(self, command: Command) -> None:
        """Gives the engine a command."""
        self.session.tell(command)

    def interrupted(self) -> None:
        """Takes note of that."""
        self.interrupts = True


class Hands:
    """What a test does with the dashboard, and sees of it; each act is over when it returns."""

    def __init__(self, live: Live, app: Dashboard, pilot: Pilot[Any]) -> None:
        self.live = live
        self.app = app
        self.pilot = pilot
        self.now = 0.0

    @property
    def state(self) -> RunState:
        """The engine's own account of the run."""
        return self.live.engine.state

    @property
    def timeline(self) -> Timeline:
        """The run screen's."""
        return self.app.get_default_screen().query_one(Timeline)

    @property
    def said(self) -> list[str]:
        """What toasts say, oldest first."""
        return [note.message for note in self.app._notifications]

    @property
    def toasts(self) -> str:
        """What can be read of them on the screen, however it is broken into lines."""
        regions = [toast.region for toast in self.app.screen.query(Toast)]
        lines = strips(self.app)
        read = [
            lines[y].crop(area.x, area.right).text for area in regions for y in range(area.y, area.bottom)
        ]
        return " ".join(" ".join(read).replace("▌", "").split())

    def statuses(self) -> dict[str, str]:
        """What became of each task."""
        return {id_: task.status for id_, task in self.state.tasks.items()}

    def attempts(self) -> dict[str, int]:
        """How often each task was tried."""
        return {id_: len(task.attempts) for id_, task in self.state.tasks.items()}

    def told(self, kind: type[E]) -> list[E]:
        """The run's events of a kind."""
        return [event for event in self.live.events if isinstance(event, kind)]

    async def advance(self, seconds: float = 0.0) -> None:
        """Moves the run's clock, and shows what comes of it."""
        self.now += seconds
        await asyncio.to_thread(self.live.loop.advance, self.now)
        await self.settle()

    async def settle(self) -> None:
        """Shows what there is to show."""
        if self._is_shown:
            self.app.draw()
            deck = self.app.get_default_screen().query_one(Deck)
            for _ in range(3):  # what comes of it may ask for more
                await self.pilot.pause()
                while not deck.is_settled and self._is_shown:
                    await self.pilot.pause(0.02)

    @property
    def _is_shown(self) -> bool:
        """Whether the app has neither ended nor been told to."""
        return self.app.is_running and self.app._running and not self.app._exit

    async def press(self, *keys: str) -> None:
        """Presses keys, and lets the engine do what they ask for."""
        for key in keys[:-1]:
            await self.pilot.press(key)
            await self.settle()  # the screen that it opens takes the next key
        await self.pilot.press(*keys[-1:])
        await self.advance()

    async def click(self, target: Any, at: tuple[int, int] = (0, 0), times: int = 1) -> None:
        """Clicks, and lets the engine do what that asks for."""
        await self.pilot.click(target, offset=at, times=times)
        await self.advance()

    async def wheel(self, target: Any, down: bool, at: tuple[int, int] = (0, 0), **held: bool) -> None:
        """Turns the wheel by a notch; `control` and `shift` may be held."""
        kind = MouseScrollDown if down else MouseScrollUp
        await self.pilot._post_mouse_events([kind], target, offset=at, **held)
        await self.advance()

    async def move_to(self, task: str) -> None:
        """Puts the cursor on a task by keys."""
        tasks = list(self.state.tasks)
        await self.press("home", *["down"] * tasks.index(task))
        assert self.timeline.cursor == task

    async def ended(self) -> None:
        """Waits for the run's end, and for what the app makes of it."""
        await asyncio.to_thread(self.live.session.join)
        await self.settle()

    async def until(self, text: str) -> None:
        """Waits, for a bounded time, until a text is on the screen: what reads files takes its time."""
        await until(self.pilot, text)

    def row(self, task: str) -> str:
        """A task's row of the timeline."""
        timeline = self.timeline
        place = next(i for i, row in enumerate(timeline.rows) if row.task == task)
        return timeline.render_line(place + 1 - timeline.scroll_offset.y).text


async def stubborn(_: Step, context: Context) -> Done:
    """A step that takes its time to stop."""
    try:
        await asyncio.sleep(50.0)
    except asyncio.CancelledError:
        await asyncio.sleep(STOPPING)
        raise
    return Done(context.task)


def nothing_is_asked(hands: Hands) -> bool:
    """Whether the run itself is on the screen."""
    return isinstance(hands.app.screen, RunScreen)


async def until(pilot: Pilot[Any], *texts: str) -> None:
    """Waits, for a bounded time, until texts are on the screen, all at once."""
    for _ in range(_LOOKS):
        if all(text in page(pilot.app) for text in texts):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"{texts} are not on the screen:\n{page(pilot.app)}")


def _is_quiet(app: App[Any]) -> bool:
    """Whether nothing on an app's screen is still to be told, called, laid out or drawn."""
    screen = app.screen
    widgets = [screen, *screen.walk_children(Widget)]
    asks = any(each._layout_required or each._scroll_required or each._recompose_required for each in widgets)
    draws = any(each._repaint_required for each in screen._compositor.visible_widgets)
    told = any(each.message_queue_size or each._next_callbacks for each in (app, *widgets))
    return not (asks or draws or told or screen._callbacks or screen._dirty_widgets)


@contextlib.contextmanager
def brief_waits() -> Iterator[None]:
    """Wait for the app alone in Textual's stead, which waits until the whole process is idle, 20 ms at least.

    It also waits 30 s in vain for the widgets of a screen that a key has taken away, which answer no more.
    """
    answers = Pilot._wait_for_screen

    async def briefly(*__: object) -> None:
        app = active_app.get(None)
        for _ in range(_TURNS):
            await asyncio.sleep(0.001)
            if app is None or app._exit or not app._running or not app.screen_stack or _is_quiet(app):
                return
            app.screen._on_timer_update()

    async def for_screen(pilot: Pilot[Any]) -> bool:
        with contextlib.suppress(WaitForScreenTimeout):
            return await answers(pilot, timeout=2.0)
        return False

    with (
        mock.patch.object(Pilot, "_wait_for_screen", for_screen),
        mock.patch("textual.app.wait_for_idle", briefly),
        mock.patch("textual.pilot.wait_for_idle", briefly),
    ):
        yield


def have_toasts_last(app: App[Any]) -> None:
    """Has no toast of an app go before a test has looked at it, however busy the machine is."""
    notify = app.notify

    def notify_lastingly(message: str, **more: Any) -> None:
        notify(message, **more | {"timeout": _LONG})

    app.notify = notify_lastingly  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def driving(live: Live, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Hands]:
    """Opens the dashboard on a run; in the end the run is over, and the app has died of nothing."""
    await asyncio.to_thread(live.start)
    app = await asyncio.to_thread(lambda: Dashboard(live, Model(live)))
    have_toasts_last(app)
    try:
        with brief_waits():
            async with app.run_test(size=size, notifications=True) as pilot:
                hands = Hands(live, app, pilot)
                await hands.settle()
                await hands.settle()
                yield hands
        assert app.fault is None
    finally:
        live.tell(Kill())
        await asyncio.to_thread(live.loop.advance, 1e6)
        await asyncio.to_thread(live.session.join)


def strips(app: App[Any]) -> list[Strip]:
    """The screen, line by line."""
    return app.screen._compositor.render_strips(app.size)


def rows(app: App[Any]) -> list[str]:
    """The screen's text, line by line."""
    return [strip.text.rstrip() for strip in strips(app)]


def page(app: App[Any]) -> str:
    """The screen's text."""
    return "\n".join(rows(app))
