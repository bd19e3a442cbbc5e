"""Keeps secrets out of everything that is said, in whatever form they turn up."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.run.events import Event

MASK = "•••"
_SHORTEST = 4  # a shorter value would blot out ordinary text and hides nothing
_MOST_PATTERNS = 64


class Masker:
    """Replaces secrets in texts: those that it is made with, and those added later."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []  # the longest first
        self._cores: list[str] = []  # each form holds one of them
        self._pattern = lru_cache(_MOST_PATTERNS)(_any_of)
        for secret in secrets:
            self.add(secret)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to mask."""
        return not self._forms

    def add(self, secret: str) -> None:
        """Masks a value from now on, plain, base64 and URL-encoded; each line of several on its own too."""
        values = {value for value in (secret, *secret.splitlines()) if len(value.strip()) >= _SHORTEST}
        new = set[str]().union(*map(_forms, values)).difference(self._forms)
        self._forms = sorted((*self._forms, *new), key=len, reverse=True)
        for form in sorted(new, key=len):
            if not any(core in form for core in self._cores):
                self._cores.append(form)

    def mask(self, text: str) -> str:
        """The text without secrets, with as many lines as before.

        Looking for one string after the other costs far less than one pattern of all of them.
        """
        if not any(map(text.__contains__, self._cores)):
            return text
        found = tuple(form for form in self._forms if form in text)
        return self._pattern(found).sub(_masked_lines, text)


def _any_of(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, forms)))


def _masked_lines(match: re.Match[str]) -> str:
    return "\n".join([MASK] * (match[0].count("\n") + 1))


_TEXTS = frozenset(
    {
        "text",
        "source",
        "note",
        "subject",
        "what",
        "title",
        "name",
        "cause",
        "hint",
        "details",
        "tail",
        "settings",
    }
    | {"path", "files", "failure", "phases", "tasks", "steps"}
)
"""The fields of events that hold what people or programs wrote; ids and states are never changed."""


def mask_event(event: Event, masker: Masker) -> Event:
    """The event without secrets in any of its texts."""
    masked: Event = event if masker.is_idle else _masked(event, masker)
    return masked


def _masked(value: Any, masker: Masker) -> Any:
    if isinstance(value, str):
        return masker.mask(value)
    if isinstance(value, tuple):
        return tuple(_masked(item, masker) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    old = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name in _TEXTS}
    new = {name: _masked(item, masker) for name, item in old.items()}
    return dataclasses.replace(value, **new) if new != old else value


def _forms(value: str) -> set[str]:
    """How a value may be written."""
    data = value.encode()
    percent = {quote(value, safe=""), quote(value), quote_plus(value)}
    forms = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], *percent}
    forms |= {re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), text) for text in percent}
    forms |= {value.replace("'", "'\\''"), data.hex()}
    for encoded in _base64(data):
        forms |= {encoded, encoded.replace("+", "-").replace("/", "_"), quote(encoded, safe="")}
    return {form for form in forms if len(form) >= _SHORTEST}


def _base64(data: bytes) -> set[str]:
    """A value's base64, alone and inside a longer text: there it may begin at any of three offsets."""
    whole = base64.b64encode(data).decode()
    forms = {whole, whole.rstrip("=")}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        begin = -(-offset * 8 // 6)
        end = (offset + len(data)) * 8 // 6
        if end - begin >= 2 * _SHORTEST:
            forms.add(encoded[begin:end])
    return forms
