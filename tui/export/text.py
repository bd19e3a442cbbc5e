"""Other people's text, written so that nothing in it means anything to the file that it stands in."""

from __future__ import annotations

import html
import re

from tui.text import one_line, plain

_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What no XML document may hold, besides control characters."""

_MARKDOWN = {ord(character): f"&#{ord(character)};" for character in "\\`*_[]<>|~&$"} | {
    ord("@"): "@&#8203;",  # which would notify somebody
    ord("#"): "#&#8203;",  # which would refer to an issue
}
_LINK = re.compile(r"(?i)(?<=\w):(?=//)|(?<=\bwww)\.|(?<=\bmailto):")
_MERMAID = str.maketrans({"#": "♯", ":": "∶", ";": ",", "<": "‹", ">": "›", "`": "'"})
"""Letters that look like what ends a text in a chart."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def markup(text: str) -> str:
    """Return a text on one line for HTML and XML, also for an attribute's value."""
    return html.escape(_NO_CHARACTERS.sub("�", one_line(text)))


def valid(text: str) -> str:
    """Return a text, maybe of many lines, without what XML cannot hold; a library escapes the rest."""
    return "\n".join(_NO_CHARACTERS.sub("�", plain(line)) for line in text.splitlines())


def markdown(text: str) -> str:
    """Return a text on one line for a paragraph or a table's cell of Markdown as GitHub reads it."""
    linkless = _LINK.sub(lambda match: f"{match[0]}\x00", one_line(text))
    return linkless.translate(_MARKDOWN).replace("\x00", "&#8203;")


def mermaid(text: str) -> str:
    """Return a text on one line for a title in a chart of mermaid; it must not begin a line."""
    return one_line(text).translate(_MERMAID).replace("%%", "% %").replace("%%", "% %")


def cell(text: str) -> str:
    """Return a text for a cell of a table, that no spreadsheet takes for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
