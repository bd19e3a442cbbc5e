"""The terminal of these tests, whoever runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.css.model import RuleSet


@pytest.fixture(autouse=True)
def many_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a terminal with all colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture(autouse=True, scope="session")
def styles_parsed_once() -> Iterator[None]:
    """Have style sheets that one app has parsed be there for the next: a twentieth of a test went there."""
    parsed: dict[object, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def look_up(sheet: Stylesheet, css: str, read_from: Any, *rest: Any, **more: Any) -> list[RuleSet]:
        key = css, read_from, rest, *more.items(), *sheet._variables.items()
        if key not in parsed:
            parsed[key] = parse(sheet, css, read_from, *rest, **more)
        return parsed[key]

    with mock.patch.object(Stylesheet, "_parse_rules", look_up):
        yield
