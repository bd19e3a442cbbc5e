"""YAML and JSON read as kubectl reads them, with references filled in after parsing.

kubectl reads almost YAML 1.1: `on` is true and `0644` octal, but dates and `1:30` are text. It sends JSON, so
numbers and keys become what JSON can hold. A file that begins with `{` is a stream of JSON values.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tui.plan.contents import check_contents
from tui.plan.document import TEMPLATE, yaml_error
from tui.plan.faults import Place, PlanError, shown
from tui.plan.substitute import References, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_DEPTH = 200  # whatever walks over the values may recurse
_MOST_DIGITS = 300  # longer ones are no 64-bit numbers of either kind
_MOST_NODES = 1_000_000  # with what aliases repeat

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_WORDS = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INTEGER = re.compile(
    "(?P<sign>[-+]?)(?:0[bB](?P<b>[01]+)|0[xX](?P<x>[0-9a-fA-F]+)|0[oO]?(?P<o>[0-7]+)|(?P<d>0|[1-9][0-9]*))"
)
_BASES = {"b": 2, "x": 16, "o": 8, "d": 10}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INT64 = range(-(1 << 63), 1 << 63)
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}
_TAG = "tag:yaml.org,2002:"


def read_values(
    data: bytes, source: str, variables: Mapping[str, Any] | None = None
) -> list[tuple[Place, Any]]:
    """Read the values of a file, one for each document, with the place where each begins.

    Args:
        data: The file's content: UTF-8, or UTF-16 with a byte order mark.
        source: The file's name in errors.
        variables: What `${…}` is filled in from; None leaves it as it is written. A plain scalar that is one
            whole reference becomes the variable's value with its type; anything else stays text.

    Raises:
        PlanError: The content is neither YAML nor JSON, or refers to unknown variables.
    """
    text = decode(data, source)
    references = References(text, variables, source)
    try:
        values = _read_json(references, source) or list(_Reader(references, source).documents())
    except yaml.YAMLError as error:
        raise yaml_error(error, text, source) from error
    references.check()
    return values


def read_scalar(text: str) -> Any:
    """Return the value of a plain scalar, as kubectl sends it.

    Raises:
        ValueError: JSON has no such number.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _MOST_DIGITS:
        return text
    if _NO_NUMBER.fullmatch(text):
        raise ValueError(f"{text} cannot be sent: JSON has no such number")
    plain = text.replace("_", "")
    if found := _INTEGER.fullmatch(plain):
        base = str(found.lastgroup)
        return _number(int(f"{found['sign']}{found[base]}", _BASES[base]))
    if _FLOAT.fullmatch(plain) and math.isfinite(number := float(plain)):
        return _number(number)
    return text


def _number(value: int | float) -> int | float:
    """Return a number as Go's JSON writes it: `1.0` becomes 1, and all but 64-bit integers are floats."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and int(value) in _INT64 else value
    return value if value in _INT64 else float(value)


def decode(data: bytes, source: str) -> str:
    """Return a file's text without its byte order marks.

    Raises:
        PlanError: It is not the encoding that it says, not UTF-8, or not what was written at all.
    """
    check_contents(data, source)
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        place = Place(source, data.count(b"\n", 0, error.start) + 1)
        raise PlanError.at(place, "is not UTF-8 text", "save it as UTF-8") from error
    return re.sub("(?m)^\ufeff", "", text)


def _read_json(references: References, source: str) -> list[tuple[Place, Any]]:
    """Read a stream of JSON values; nothing where the text is no JSON, and may be YAML."""
    text = references.text
    values: list[tuple[Place, Any]] = []
    position = _next(text, 0)
    while text.startswith("{", position):
        try:
            value, end = _JSON.raw_decode(text, position)
            values.append((Place(source, text.count("\n", 0, position) + 1), _filled(value, references)))
        except (ValueError, RecursionError):
            return []
        position = _next(text, end)
    return values if position == len(text) else []


def _next(text: str, position: int) -> int:
    """Return where the next letter is that is no white space."""
    while text[position : position + 1].isspace():
        position += 1
    return position


def _json_number(digits: str) -> int | float:
    number = read_scalar(digits)
    if not isinstance(number, int | float):
        raise ValueError(f"{digits} is no number")
    return number


_JSON = json.JSONDecoder(parse_int=_json_number, parse_float=_json_number, parse_constant=_json_number)


def _filled(value: Any, references: References) -> Any:
    """Return a JSON value with its references filled in; half a surrogate pair is replaced, as by kubectl."""
    if isinstance(value, dict):
        return {_filled(key, references): _filled(item, references) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, references) for item in value]
    if isinstance(value, str):
        return references.fill(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


@dataclass(slots=True)
class _Collection:
    """A mapping or list whose end has not been read.

    Attributes:
        value: What has been read of it.
        anchor: The anchor that it is to be kept under.
        key: The key whose value comes next; None where a key comes next.
        merging: Whether the value that comes next is merged in.
        nodes: How many values are in it, with what aliases repeat.
        depth: How many levels are below it.
    """

    value: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    merging: bool = False
    nodes: int = 1
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Any
    nodes: int
    depth: int


@dataclass(slots=True)
class _Reader:
    """Makes values of YAML's events: without recursion, since a file may be nested to crash it."""

    references: References
    source: str
    _open: list[_Collection] = field(default_factory=list)
    _anchors: dict[str, _Anchored] = field(default_factory=dict)
    _root: Any = None

    def documents(self) -> Iterator[tuple[Place, Any]]:
        begin = Place(self.source)
        for event in yaml.parse(self.references.text, Loader=yaml.CSafeLoader):
            assert event.start_mark is not None  # libyaml marks every event
            place = Place(self.source, event.start_mark.line + 1, event.start_mark.column + 1)
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self._root = {}, None
            elif isinstance(event, yaml.DocumentEndEvent):
                if self._root is not None:
                    yield begin, self._root
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                if not self._open:
                    begin = place
                try:
                    self._take(event)
                except ValueError as error:
                    is_template = "{{" in self.references.text.splitlines()[place.line - 1]
                    raise PlanError.at(place, str(error), TEMPLATE if is_template else "") from error

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            if self._wants_key():
                raise ValueError("a key must be text: put quotes around it")
            if len(self._open) == _MOST_DEPTH:
                raise ValueError("is nested too deeply")
            self._open.append(_Collection(value, event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._open.pop()
            self._put(_Anchored(done.value, done.nodes, done.depth), done.anchor)
        elif isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(str(event.anchor))
            if node is None:
                raise ValueError(f"the alias {shown(f'*{event.anchor}')} has no anchor before it")
            self._put(node, None)
        elif isinstance(event, yaml.ScalarEvent):
            if self._wants_key() and event.value == "<<" and not event.style:
                self._open[-1].merging = True
            else:
                self._put(_Anchored(self._scalar(event), 1, 0), event.anchor)

    def _wants_key(self) -> bool:
        if not self._open:
            return False
        top = self._open[-1]
        return isinstance(top.value, dict) and top.key is None and not top.merging

    def _put(self, node: _Anchored, anchor: str | None) -> None:
        """Put a finished value where it belongs: into the innermost open collection."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node.value
            return
        top = self._open[-1]
        top.nodes += node.nodes
        top.depth = max(top.depth, node.depth + 1)
        if top.nodes > _MOST_NODES or len(self._open) + node.depth > _MOST_DEPTH:
            raise ValueError("aliases expand without bound: write the values out")
        if isinstance(top.value, list):
            top.value.append(node.value)
        elif top.merging:
            top.merging = False
            top.value.update(_merged(node.value))
        elif top.key is None:
            top.key = _key(node.value)
        else:
            top.value[top.key] = node.value
            top.key = None

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        plain = event.implicit[0] and event.tag is None
        value = self.references.fill(event.value, whole=plain)
        tag = (event.tag or "").removeprefix(_TAG)
        if value != event.value:
            return value
        if plain:
            return read_scalar(value)
        if tag in _KINDS:
            if not isinstance(value := read_scalar(value), _KINDS[tag]):
                raise ValueError(f"{shown(event.value)} is no !!{tag}")
            return value
        if tag == "binary":
            try:
                return base64.b64decode(value).decode(errors="replace")
            except binascii.Error as error:
                raise ValueError(f"is no base64: {error}") from error
        return value


def _merged(value: Any) -> dict[str, Any]:
    """Return what a `<<` key merges in; of several mappings the first that has a key wins."""
    parts = value if isinstance(value, list) else [value]
    result: dict[str, Any] = {}
    for part in reversed(parts):
        if not isinstance(part, dict):
            raise ValueError("only mappings can be merged with <<")
        result |= part
    return result


def _key(value: Any) -> str:
    """Return a key as JSON has it: text."""
    if value is None or isinstance(value, dict | list):
        raise ValueError("a key must be text: put quotes around it")
    return as_text(value)
