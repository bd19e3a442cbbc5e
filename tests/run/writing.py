"""A task's log for tests, written as the journal writes it, and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tui.run.log.file import LogFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write(path: Path, texts: Iterable[str], source: str = "", attempt: int = 1) -> None:
    """Lines as the journal writes them."""
    head = f"   1.500000 #{attempt}.0 {source + ' ' if source else ''}| "
    with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(f"{head}{text}\n" for text in texts)


def opened(path: Path) -> LogFile:
    """A log, with all of its lines counted."""
    file = LogFile(path)
    while file.extend():
        pass
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "task.log"
