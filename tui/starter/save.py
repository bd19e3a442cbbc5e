"""Writing a plan's file without losing another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.errors import BringupError

if TYPE_CHECKING:
    from pathlib import Path


def save(path: Path, text: str, force: bool) -> Path | None:
    """Write a file that is not there yet.

    Args:
        path: The file.
        text: What is to be in it.
        force: Whether a file that is there gets another name, rather than being in the way.

    Returns:
        The other name of the file that was there; None if there was none.

    Raises:
        BringupError: It is there, or cannot be written.
    """
    try:
        kept = _put_aside(path) if force and os.path.lexists(path) else None
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise there_already(path) from error
    except OSError as error:
        raise BringupError(
            f"{path} cannot be written: {error.strerror}", "name another file with --output"
        ) from error
    return kept


def there_already(path: Path) -> BringupError:
    """Return the error that a file is there already."""
    hint = "name another file with --output, or give --force, which keeps this one under another name"
    return BringupError(f"{path} is there already", hint)


def _put_aside(path: Path) -> Path:
    """Give a file a name that is free."""
    for number in range(1, 10_000):
        kept = path.with_name(f"{path.name}.old{number if number > 1 else ''}")
        try:
            os.link(path, kept, follow_symlinks=False)
        except FileExistsError:
            continue
        path.unlink()
        return kept
    raise FileExistsError(str(path))
