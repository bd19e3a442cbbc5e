"""The options of commands that make films."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

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

    @property
    def wanted(self) -> bool:
        """Whether there is a file to write."""
        return self.svg is not None or self.cast is not None


def film_options(command: F) -> F:
    """Add `--svg`, `--cast` and `--size` to a command."""
    path = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option("--size", type=Size(), default="120x30", show_default=True, help="Of what is written."),
        click.option("--cast", type=path, metavar="FILE", help="Write it for asciinema, with markers."),
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
    from tui.errors import BringupError

    for path, form in ((files.svg, as_svg), (files.cast, as_cast)):
        if path is None:
            continue
        data = form(film)
        try:
            path.write_bytes(data)
        except OSError as error:
            raise BringupError(f"{path}: {error.strerror}", "name another file") from error
        click.echo(f"wrote {path}: {film.seconds:.0f} s, {len(data) / 1000:,.0f} kB")
