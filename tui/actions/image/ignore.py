"""Ignore files: what of a build context is left out.

The rules are those of moby/patternmatcher, which Docker and BuildKit use: patterns are rooted at the
context, `**` crosses directories, `!` makes an exception, the last match wins, and what matches a directory
matches all that is in it. They are translated as it translates them, since some of its answers follow from
that: `**.key` also matches `dir/a.key`, for one.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST = 1 << 16  # bytes of a line from which on Docker refuses the file
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPED = frozenset(".+()|{}$")  # in a regular expression, and nothing special in a pattern
_WILD = frozenset("*[]?^\\")
_LETTERS = frozenset("dDsSwWbBAaftnrv")  # what they mean after a backslash is the same to Python
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
    "space": r"\t\n\v\f\r ",
    "blank": r"\t ",
    "punct": r"!-/:-@\[-`{-~",
}


_MEMBER = re.compile(r"\[:\^?\w+:\]|\\.|[^\]\\]", re.DOTALL)
_CLASS = re.compile(rf"(?P<negated>\^?)(?P<inside>(?:{_MEMBER.pattern})+)\]", re.DOTALL)


class _BadPatternError(ValueError):
    """A pattern that Docker refuses."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A line of an ignore file.

    Attributes:
        text: The pattern, cleaned.
        exception: Whether what it matches is not ignored after all.
        matches: Tells whether it matches a path.
    """

    text: str
    exception: bool
    matches: Callable[[str], bool]

    @property
    def prefix(self) -> str | None:
        """The path that all its matches begin with; None if it has wildcards before its end."""
        path = self.text.removesuffix("/**").removesuffix("/*")
        return None if _WILD & set(path) else path


Matched = tuple[bool, ...]
"""For each pattern whether it has matched a directory, or one above it."""


class IgnoreRules:
    """The patterns of an ignore file.

    Args:
        patterns: In the file's order.
    """

    def __init__(self, patterns: tuple[Pattern, ...] = ()) -> None:
        self.patterns = patterns
        self._exceptions = [pattern.prefix for pattern in patterns if pattern.exception]

    def judge(self, path: str, parent: Matched) -> tuple[bool, Matched]:
        """Return whether a path is ignored.

        Args:
            path: Relative to the context, with slashes.
            parent: What matched its directory; empty at the top.

        Returns:
            Whether it is ignored, and what matched it, to be passed on for the paths below it.
        """
        ignored = False
        found: list[bool] = []
        for at, pattern in enumerate(self.patterns):
            matched = bool(parent and parent[at])
            # Where it would change nothing Docker does not ask, nor remember for what is below.
            if not matched and pattern.exception == ignored:
                matched = pattern.matches(path)
            found.append(matched)
            if matched:
                ignored = not pattern.exception
        return ignored, tuple(found)

    def ignores(self, path: str) -> bool:
        """Return whether a path is ignored, by itself or with a directory above it."""
        ignored, matched = False, Matched()
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            ignored, matched = self.judge("/".join(parts[:count]), matched)
        return ignored

    def may_except_below(self, directory: str) -> bool:
        """Return whether something in an ignored directory may be an exception."""
        return any(prefix is None or f"{prefix}/".startswith(f"{directory}/") for prefix in self._exceptions)


def read_rules(content: bytes, name: str) -> IgnoreRules:
    """Read an ignore file.

    Args:
        content: What is in it.
        name: The file's name, for errors.

    Raises:
        ActionError: A pattern is one that Docker refuses; the cause begins with `name:line`.
    """
    patterns: list[Pattern] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if len(line) >= _LONGEST:
            raise ActionError(f"{name}:{number}: the line is too long", "Docker takes up to 64 KiB")
        text = line.removesuffix(b"\r").decode(errors="surrogateescape")
        try:
            pattern = None if text.startswith("#") else _parse(text.strip(_SPACE))
        except _BadPatternError as error:
            raise ActionError(f"{name}:{number}: {text.strip()!r} {error}", "correct the pattern") from error
        if pattern is not None:
            patterns.append(pattern)
    return IgnoreRules(tuple(patterns))


def _parse(text: str) -> Pattern | None:
    if not text:
        return None
    exception = text.startswith("!")
    text = text.removeprefix("!").strip(_SPACE)
    text = _clean(text) if text else text
    if exception and text in ("", "/"):
        raise _BadPatternError("excepts nothing")
    _check(text)
    return Pattern(text, exception, _matcher(text))


def _clean(path: str) -> str:
    """Normalize a path as Go's `filepath.Clean` does, without a leading slash."""
    rooted = path.startswith("/")
    path = posixpath.normpath(f"/{path.lstrip('/')}" if rooted else path)
    return path.removeprefix("/") if len(path) > 1 else path


def _check(pattern: str) -> None:
    """Refuse what Go's `filepath.Match` refuses.

    Raises:
        _BadPatternError: A class is not closed, empty, or has a stray `-`, or nothing follows a backslash.
    """
    rest = iter(pattern)
    for char in rest:
        if char == "\\" and next(rest, None) is None:
            raise _BadPatternError("ends in a backslash")
        if char == "[":
            _check_class(rest)


def _check_class(rest: Iterator[str]) -> None:
    """Check a class whose `[` has been read."""

    def member(char: str | None) -> None:
        if char == "\\":
            char = next(rest, None)
        elif char in ("-", "]"):
            raise _BadPatternError(f"has a {char} in [ ] that wants a backslash")
        if char is None:
            raise _BadPatternError("has a [ that is not closed; a plain [ is written \\[")

    char = next(rest, None)
    if char == "^":
        char = next(rest, None)
    first = True
    while first or char != "]":
        first = False
        member(char)
        char = next(rest, None)
        if char == "-":
            member(next(rest, None))
            char = next(rest, None)
        if char is None:
            member(None)


def _matcher(pattern: str) -> Callable[[str], bool]:
    kind, regex = _translate(pattern)
    if kind == "exact":
        return pattern.__eq__
    if kind == "prefix":
        prefix = pattern[:-2]
        return lambda path: path.startswith(prefix)
    if kind == "suffix":
        suffix = pattern[2:]
        return lambda path: path.endswith(suffix) or f"/{path}" == suffix
    try:
        compiled = re.compile(regex, re.ASCII)
    except re.error as error:
        raise _BadPatternError(f"is no pattern: {error.msg}") from error
    return lambda path: compiled.match(path) is not None


def _translate(pattern: str) -> tuple[str, str]:
    """Return how a pattern is matched, by `exact`, `prefix`, `suffix` or `regex`, and as an expression."""
    kind, regex, at = "exact", "", 0
    while at < len(pattern):
        begin, char = at, pattern[at]
        at += 1
        if pattern.startswith("**", begin):
            at += 2 if pattern.startswith("/", at + 1) else 1
            if at < len(pattern):
                kind, regex = "regex", regex + "(.*/)?"
            else:
                kind, regex = ("prefix" if kind == "exact" else "regex"), regex + ".*"
            kind = "suffix" if begin == 0 else kind
        elif char in "*?":
            kind, regex = "regex", regex + ("[^/]*" if char == "*" else "[^/]")
        elif char == "\\":
            kind, regex, at = "regex", regex + char + pattern[at], at + 1
        elif char in "[]":
            kind, regex = "regex", regex + char
        else:
            regex += f"\\{char}" if char in _ESCAPED else char
    return kind, f"{_for_python(regex)}\\Z"


def _for_python(regex: str) -> str:
    """Convert a regular expression of Go's, whose classes and escapes differ, to Python's."""
    result, at = "", 0
    while at < len(regex):
        char = regex[at]
        at += 1
        if char == "\\":
            result, at = result + _escape(regex[at]), at + 1
        elif char == "[":
            inside, at = _class(regex, at)
            result += inside
        else:
            result += "\\]" if char == "]" else char
    return result


def _escape(char: str) -> str:
    """Convert a backslash with the character that follows it."""
    if char.isascii() and char.isalnum() and char not in _LETTERS:
        raise _BadPatternError(f"has a \\{char}, which means nothing")
    return f"\\{char}" if char.isascii() else re.escape(char)


def _class(regex: str, at: int) -> tuple[str, int]:
    """Convert a class whose inside begins at an index; return it and the index after it."""
    found = _CLASS.match(regex, at)
    if found is None:
        raise _BadPatternError("has a [ that is not closed")
    result = ""
    for part in _MEMBER.findall(found["inside"]):
        if part.startswith("[:") and len(part) > 1:
            result += _named(part[2:-2])
        elif part.startswith("\\"):
            result += _escape(part[1])
        else:
            result += "-" if part == "-" else re.escape(part)
    return f"[{found['negated']}{result}]", found.end()


def _named(name: str) -> str:
    if name not in _CLASSES:
        raise _BadPatternError(f"has a [:{name}:], which means nothing")
    return _CLASSES[name]
