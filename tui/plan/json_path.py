r"""Paths to values of Kubernetes objects, in the JSONPath that kubectl reads: `{.status.phase}`.

It is a dialect: braces and the first point may be left out, `\.` is a point in a key, and a filter is
`[?(@.type=="Ready")]`.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.plan.faults import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    _Part = Callable[[Any], Iterable[Any]]

_KEY = re.compile(r"\.(?P<key>(?:\\.|[^\\\s.,\[\]$@{}])+)")
_QUOTED_KEY = re.compile(r"\[\s*(?P<quote>['\"])(?P<key>(?:(?!(?P=quote)).)*)(?P=quote)\s*\]")
_SLICE = re.compile(r"\[\s*(?P<begin>-?\d*)(?P<colon>:(?P<end>-?\d*))?\s*\]")
_ALL = re.compile(r"\[\s*\*\s*\]|\.\*")
_FILTER = re.compile(
    r"\[\?\(\s*@(?P<path>[^=!<>()]*?)\s*(?:(?P<operator>[=!<>]=|[<>])\s*(?P<value>[^()]*?)\s*)?\)\]"
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HINT = 'write it as for kubectl: {.status.phase}, or {.status.conditions[?(@.type=="Ready")].status}'


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path to values of an object.

    Attributes:
        text: The path as it is written.
    """

    text: str
    _parts: tuple[_Part, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """Read a path.

        Raises:
            ValueError: It is none; its second argument is a hint.
        """
        inside = re.fullmatch(r"\s*(?:\{(?P<braced>[^{}]+)\}|(?P<bare>[^{}]+))\s*", text)
        path = (inside["braced"] or inside["bare"]).strip() if inside else ""
        path = path.removeprefix("$")
        if not path:
            raise ValueError(f"{shown(text)} is not a path to a value", _HINT)
        return cls(text, tuple(_parts(path if path[0] in ".[" else f".{path}", text)))

    def find(self, item: Any) -> list[Any]:
        """Return the values that the path leads to; what is not there is passed over."""
        found = [item]
        for part in self._parts:
            found = [value for each in found for value in part(each)]
        return found


def _parts(path: str, text: str) -> Iterator[_Part]:
    at = 0
    while at < len(path):
        if found := _ALL.match(path, at):
            yield _all
        elif found := _KEY.match(path, at):
            yield _key(re.sub(r"\\(.)", r"\1", found["key"]))
        elif found := _QUOTED_KEY.match(path, at):
            yield _key(found["key"])
        elif (found := _SLICE.match(path, at)) and found[0] != "[]":
            yield _items(found["begin"], found["colon"], found["end"])
        elif found := _FILTER.match(path, at):
            yield _where(found["path"], found["operator"], found["value"], text)
        else:
            raise ValueError(f"{shown(text)} is not a path to a value, at {shown(path[at:])}", _HINT)
        at = found.end()


def _all(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _key(key: str) -> _Part:
    return lambda value: [value[key]] if isinstance(value, dict) and key in value else ()


def _items(begin: str, colon: str | None, end: str | None) -> _Part:
    wanted: int | slice = (
        int(begin) if colon is None else slice(int(begin) if begin else None, int(end) if end else None)
    )

    def items(value: Any) -> Iterable[Any]:
        if not isinstance(value, list):
            return ()
        if isinstance(wanted, slice):
            return value[wanted]
        return [value[wanted]] if -len(value) <= wanted < len(value) else ()

    return items


def _where(path: str, sign: str | None, written: str | None, text: str) -> _Part:
    inner = tuple(_parts(path, text))
    against = _constant(written, text) if written is not None else None

    def items(value: Any) -> Iterator[Any]:
        for item in value if isinstance(value, list) else ():
            found = JsonPath(path, inner).find(item)
            if sign is None:
                fits = bool(found)
            else:  # values of unlike types are not compared
                fits = bool(found) and type(found[0]) is type(against) and _OPERATORS[sign](found[0], against)
            if fits:
                yield item

    return items


def _constant(written: str, text: str) -> Any:
    if quoted := re.fullmatch(r"'([^']*)'|\"([^\"]*)\"", written):
        return quoted[1] if quoted[1] is not None else quoted[2]
    if written in {"true", "false"}:
        return written == "true"
    for make in (int, float):
        try:
            return make(written)
        except ValueError:
            continue
    raise ValueError(
        f"{shown(text)} compares with {shown(written)}, which is no value", "put quotes around it"
    )
