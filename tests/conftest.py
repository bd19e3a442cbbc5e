"""What all tests share: a clean environment, folders of their own, and no blocking call on any event loop."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

import platformdirs  # noqa: F401 - it reads files when it is first imported, which no loop may do
import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A busy machine is no fault of the code's. A law that fails does so within few examples, and often runs.
settings.register_profile("bringup", deadline=None, max_examples=40)
settings.load_profile("bringup")

# What is imported stays: looking for garbage in it takes a sixth of the time to collect the tests.
gc.disable()

# What is seen must not depend on who runs the tests.
for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "DOCKER_CONTEXT", "CONTAINER_HOST", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)
# Models are built when first used, and pydantic would look through the disk for plugins then.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
# What is compiled once need not be compiled again by every worker and every program that a test starts.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# What a shell starts in the background ignores SIGINT, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ |= {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_THEME": "textual-dark"}

_PROGRAMS = ("hosts/test_ssh_*", "cli/test_processes.py", "test_wheel.py")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers fit: two a core. Each collects all tests, and many tests wait for something."""
    return 2 * (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of directories and files that start bringup or a server as a program."""
    for item in items:
        at = item.path.relative_to(item.config.rootpath / "tests")
        starts = at.parts[0] in {"contract", "ssh", "terminal"} or any(map(at.match, _PROGRAMS))
        if starts and item.get_closest_marker("e2e") is None:
            item.add_marker(pytest.mark.programs)


def pytest_collection_finish() -> None:
    """Has the collector of garbage leave alone what stays: looking through it again and again takes long."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 20, 20)  # screens are made of very many small objects


@pytest.fixture(autouse=True, scope="session")
def no_blocking_calls() -> Iterator[None]:
    """Lets no call block an event loop, but for the journal's, of microseconds, and Textual's own."""
    with blockbuster_ctx() as blockbuster:
        blockbuster.functions["os.write"].can_block_in("tui/run/journal.py", {"append"})
        for function in blockbuster.functions.values():
            function.can_block_in("pytest_timeout.py", {"timeout_sigalrm"})  # it prints where all threads are
            function.can_block_in("textual/screen.py", {"__init__"})  # it finds its style sheet
            function.can_block_in("textual/css/stylesheet.py", {"read"})
            function.can_block_in("textual/app.py", {"_fatal_error"})
            function.can_block_in("tui/dashboard/settings.py", {"read_settings"})  # before the first frame
            function.can_block_in("tui/launch/choose_environment.py", {"_rehearsal"})  # before a run
        yield


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps state, cache and configuration of each test below its own folder."""
    for kind in ("STATE", "CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
