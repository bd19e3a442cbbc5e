"""The options of commands that make films."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from tui.cli import writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.dashboard.film.film import Film

F = TypeVar("F", bound="Callable[..., Any]")
_LEAST, _MOST = (40, 12), (300, 120)


class Size(click.ParamType[tuple[int, int]]):
    """The size of a screen, as 120x30."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return columns and rows."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,4})\s*[x×]\s*(\d{1,4})", str(value).strip())
        size = (int(match[1]), int(match[2])) if match else (0, 0)
        if not all(low <= each <= high for low, each, high in zip(_LEAST, size, _MOST, strict=True)):
            self.fail(f"{value!r} is no size from 40x12 to 300x120, as 120x30 is", param, ctx)
        return size


class Files(NamedTuple):
    """Where films are written, if they are."""

    svg: Path | None
    cast: Path | None
    size: tuple[int, int]

    def wanted(self) -> bool:
        """Return whether there is a file to write.

        Raises:
            BringupError: It cannot be written.
        """
        found = {"svg": self.svg, "cast": self.cast}
        for ending, file in found.items():
            if file is not None:
                writing.check(file, ending)
        if self.svg is not None and self.svg == self.cast:
            raise click.UsageError("--svg and --cast name the same file")
        return any(file is not None for file in found.values())


def film_options(command: F) -> F:
    """Add `--svg`, `--cast` and `--size` to a command."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--size", type=Size(), default="120x30", show_default=True, help="Of what is written."),
        click.option(
            "--cast", type=path, metavar="FILE", help="Write it for asciinema, with markers; `-` prints it."
        ),
        click.option(
            "--svg", type=path, metavar="FILE", help="Write it as an animated picture for a README."
        ),
    ):
        command = option(command)
    return command


def write(film: Film, files: Files) -> None:
    """Write a film to files.

    Raises:
        BringupError: A file cannot be written, or would be too large.
    """
    from tui.dashboard.film.cast import as_cast
    from tui.dashboard.film.svg import as_svg

    for path, form in ((files.svg, as_svg), (files.cast, as_cast)):
        if path is None:
            continue
        data = form(film)
        writing.write(path, data)
        click.echo(f"wrote {path}: {film.seconds:.0f} s, {len(data) / 1000:,.0f} kB", err=True)
