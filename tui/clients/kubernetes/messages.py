"""The API server's words without the Go values that it prints into them."""

from __future__ import annotations

import re

_LONGEST = 1000  # characters of a message
_LONGEST_VALUE = 60  # characters of a Go value that may stay
_VALUE = re.compile(
    r"&?(?:\[\]|\*|map\[[\w. {}*]*\])*[A-Za-z][\w./]*(?: \{\})?(?=\{)|(?<=: )[{\[](?=[\"{\[])"
)
_UNSTRUCTURED = re.compile(r"&?value\.valueUnstructured\{Value:(?P<value>[^{}]*)\}")
_INVALID = re.compile(r"Invalid value: (?:\"object\": )?…: ")
_CONTEXT = re.compile(
    r",? error found in #\d+ byte of \.\.\..*", re.DOTALL
)  # which quotes what stands nearby
_SHOWN_OBJECT = re.compile(r" in '\{.*\}'", re.DOTALL)
_BRACKETS = {"{": "}", "[": "]", "(": ")"}


def shorten(message: str) -> str:
    """Return a refusal without the objects printed in it: the field and the reason.

    A refused Job shows its whole template as Go structures before the reason, and a value of the wrong type
    is quoted together with its neighbours, which may be secret.
    """
    text = _UNSTRUCTURED.sub(lambda found: found["value"] or "that", message.strip())
    text = _SHOWN_OBJECT.sub("", _CONTEXT.sub("", text))
    text = _INVALID.sub("", _without_values(text))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _without_values(text: str) -> str:
    parts: list[str] = []
    position = 0
    while found := _VALUE.search(text, position):
        end = _end_of_value(text, found.end() if text[found.end() - 1] not in "{[" else found.start())
        short = end - found.start() <= _LONGEST_VALUE
        parts += [text[position : found.start()], text[found.start() : end] if short else "…"]
        position = end
    return "".join([*parts, text[position:]])


def _end_of_value(text: str, start: int) -> int:
    """Return where the value ends whose bracket opens at `start`; brackets in quotes do not count."""
    closing: list[str] = []
    position = start
    while position < len(text):
        letter = text[position]
        if letter in '"`':
            position = _end_of_quote(text, position)
            continue
        if letter in _BRACKETS:
            closing.append(_BRACKETS[letter])
        elif closing and letter == closing[-1]:
            closing.pop()
            if not closing:
                return position + 1
        position += 1
    return len(text)


def _end_of_quote(text: str, start: int) -> int:
    escaped = r"[^\"\\]*(?:\\.[^\"\\]*)*\"" if text[start] == '"' else "[^`]*`"
    found = re.compile(escaped, re.DOTALL).match(text, start + 1)
    return found.end() if found else len(text)
