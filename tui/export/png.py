"""A run as a picture of pixels, drawn by a program that is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.export.export import Export, Option
from tui.export.svg import PICTURE, draw

if TYPE_CHECKING:
    from tui.export.exported_run import ExportedRun

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_HINT = "install librsvg (`apt install librsvg2-bin`, `brew install librsvg`) or Chromium, or export svg"
_SECONDS = 60


def write(run: ExportedRun, width: int, theme: str, rows: int, scale: int) -> bytes:
    """Return the picture; see `tui.export.svg.write`.

    Args:
        run: The run.
        width: Pixels across, before they are scaled.
        theme: `light` or `dark`.
        rows: Most tasks that are drawn.
        scale: Pixels for one of the drawing's.

    Raises:
        BringupError: No program that draws it is there, or it cannot.
    """
    picture = draw(run, width, theme, rows)
    with tempfile.TemporaryDirectory(prefix="bringup-") as folder:
        source, target = Path(folder) / "run.svg", Path(folder) / "run.png"
        source.write_text(picture, encoding="utf-8", errors="replace")
        argv = _program(source, target, scale, picture)
        try:
            done = subprocess.run(argv, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise BringupError(f"{argv[0]} took longer than {_SECONDS} s", "export svg") from error
        if done.returncode or not target.exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            cause = f"{argv[0]} cannot draw it: {said[-1] if said else f'exit code {done.returncode}'}"
            raise BringupError(cause, "draw fewer tasks (`--rows 200`), or export svg")
        return target.read_bytes()


def _program(source: Path, target: Path, scale: int, picture: str) -> list[str]:
    """Return the command that draws a picture.

    Raises:
        BringupError: No program that can is there.
    """
    if program := shutil.which("rsvg-convert"):
        return [program, "--format", "png", "--zoom", str(scale), "--output", str(target), str(source)]
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    size = re.search(r'width="(\d+)" height="(\d+)"', picture)
    if browser is None or size is None:
        raise BringupError("no program is here that draws a png", _HINT)
    return [
        browser,
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # it has none for root
        f"--force-device-scale-factor={scale}",
        f"--window-size={size[1]},{size[2]}",
        f"--screenshot={target}",
        source.as_uri(),
    ]


EXPORT = Export(
    "png",
    "the same as pixels, for what shows no svg",
    write,
    [
        PICTURE[0],
        Option("theme", "light", "Colours.", ("light", "dark")),
        PICTURE[2],
        Option("scale", 2, "Pixels for one of the drawing's.", least=1),
    ],
    is_text=False,
)
