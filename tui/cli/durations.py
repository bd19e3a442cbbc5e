"""Durations as users write them: a clock's time, or units as in plans, and longer ones."""

from __future__ import annotations

import math
import re
from typing import Any

import click

_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{2}(?:\.\d+)?)", re.ASCII)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def parse_duration(text: str) -> float | None:
    """Return the seconds of a duration: `90`, `90s`, `1m30s`, `1:30`, `1:00:00`, `7d`; None if it is none."""
    text = text.strip().lower()
    if match := _CLOCK.fullmatch(text):
        found = float(match[1] or 0) * 3600 + float(match[2]) * 60 + float(match[3])
    elif _NUMBER.fullmatch(text):
        found = float(text)
    elif (parts := _PART.findall(text)) and not _PART.sub("", text).strip():
        found = sum(float(amount) * _UNITS[unit] for amount, unit in parts)
    else:
        return None
    return found if math.isfinite(found) else None


class Duration(click.ParamType[float]):
    """A duration on the command line, in seconds."""

    name = "duration"

    def __init__(self, example: str) -> None:
        """Take durations.

        Args:
            example: One that makes sense for the option, for the error on what is none.
        """
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of a text."""
        if isinstance(value, float):
            return value
        found = parse_duration(str(value))
        if found is None:
            self.fail(f"{value!r} is no duration, as {self._example} is", param, ctx)
        return found
