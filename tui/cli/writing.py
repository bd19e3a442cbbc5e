"""Files that commands write; `-` is standard output."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from tui.errors import BringupError

PRINTED = Path("-")


def check(file: Path, ending: str) -> None:
    """Refuse a file that cannot be written, before the work is done.

    Args:
        file: The file.
        ending: How the names of such files end, for a hint.

    Raises:
        BringupError: It is a directory, or in none.
    """
    if file == PRINTED:
        return
    if file.is_dir():
        raise BringupError(f"{file} is a directory", f"name a file in it: `{file / 'run'}.{ending}`")
    if not file.parent.is_dir():
        raise BringupError(f"{file.parent} is no directory", "make it first")


def write(file: Path, made: bytes) -> None:
    """Write a file as a whole, or leave what was there.

    Raises:
        BringupError: It cannot be written.
    """
    if file == PRINTED:
        click.echo(made, nl=False)
        return
    if file.exists() and not file.is_file():  # as /dev/stdout
        file.write_bytes(made)
        return
    file = Path(os.path.realpath(file))  # or a link would be replaced by the file
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_bytes(made)
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise BringupError(f"{file} cannot be written: {error.strerror}", "name another file") from error
