"""A task's whole log on its screen, for tests: what is pressed there, and what can be read of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from tests.dashboard.driving import brief_waits
from tests.run.writing import write
from tui.dashboard.colors import ReadableApp
from tui.dashboard.logview.screen import LogScreen
from tui.dashboard.widgets.ask_bar import AskBar
from tui.run.attempt_state import AttemptState
from tui.run.events import Failure
from tui.run.state import TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

RUNNING = TaskState("t", "Tekton Pipelines", 0, (), (), status="running", attempts=(AttemptState(1, 0.0),))
FAILURE = Failure(
    "the mirror [/x] did not answer", "r retries", 0, "Build", "", ("E: \x1b[31mUnable", "b\nc", "d", "e")
)
TWICE = replace(
    RUNNING,
    attempts=(AttemptState(1, 0.0, 1.0, "failed", FAILURE), AttemptState(2, 2.0)),
)


class Host(ReadableApp[None]):
    """Shows the screen over another, and keeps what is copied."""

    def __init__(self, path: Path, task: TaskState | None = RUNNING, attempt: int | None = None) -> None:
        super().__init__()
        self.state = task
        self.copied: list[str] = []
        self.log_screen = LogScreen("Tekton [/x]", path, lambda: self.state, attempt=attempt, every=None)

    async def on_mount(self) -> None:
        await self.push_screen(self.log_screen)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)
        text.encode()


async def put(path: Path, texts: Iterable[str], source: str = "", attempt: int = 1) -> None:
    """Writes lines, as the journal does."""
    await asyncio.to_thread(write, path, texts, source, attempt)


async def settle(pilot: Pilot[None]) -> None:
    """Waits until all that was begun is done."""
    assert isinstance(pilot.app, Host)
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    while pilot.app.screen is pilot.app.log_screen and await pilot.app.log_screen.pull():
        pass
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Presses keys, and waits until what they begin is done."""
    for key in keys:
        await pilot.press(key)
    await settle(pilot)


def text(app: Host, id_: str) -> str:
    """What a part of the screen says."""
    return str(app.log_screen.query_one(f"#{id_}", Static).render())


def bar(app: Host) -> str:
    """What is asked for in the bar below, what was typed, and what is said of it."""
    found = app.log_screen.query_one(AskBar)
    if not found.display:
        return ""
    label, note = found.query(Static)
    return f"{label.render()}{found.query_one(Input).value}|{note.render()}"


def notices(app: Host) -> list[str]:
    """What toasts say, oldest first."""
    return [notice.message for notice in app._notifications]


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """Does not wait for the process to be idle: `settle` waits for what was begun."""
    with brief_waits():
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "tekton.log"
