"""A run as a file that others open: a page, a picture, a trace, a table.

A format is a module of this room with an `EXPORT` of `tui.export.export.Export`, and a line in `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.export.export import Export

FORMATS = {
    "csv": "csv_table",
    "html": "page",
    "junit": "junit",
    "md": "markdown",
    "mermaid": "mermaid",
    "otlp": "otlp",
    "png": "png",
    "svg": "svg",
    "trace": "chrome_trace",
}
"""The module of each format, which is imported when it is asked for."""


def find_export(name: str) -> Export:
    """Return the export of a format that is among `FORMATS`."""
    found: Export = import_module(f"tui.export.{FORMATS[name]}").EXPORT
    return found
