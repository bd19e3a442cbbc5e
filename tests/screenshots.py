"""Makes the README's picture from a real run: `python -m tests.pictures RUN screenshots/report.svg`.

RUN is a run's folder or id; the picture shows the report that the run ended with.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tui.console.report import Stands, report
from tui.console.style import Style
from tui.run.folders import recording_folder
from tui.run.journal import read_state

WIDTH = 100


def picture(run: str) -> str:
    """An SVG of a run's report."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in report(read_state(recording_folder(run)), Stands(), Style(colour=True), WIDTH - 2):
        console.print(Text.from_ansi(line), overflow="crop", no_wrap=True)
    svg = console.export_svg(title="bringup up")
    # A picture in a repository fetches nothing: readers see it in their own monospace font.
    return re.sub(r"\s*@font-face \{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(picture(sys.argv[1]), encoding="utf-8")
