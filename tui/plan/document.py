"""A YAML document with the place of every value in it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from tui.plan.contents import check_contents
from tui.plan.faults import Fault, Place, PlanError, likely
from tui.plan.yaml_values import MOST_DEPTH, MOST_NODES, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.plan.scope import Scope

_MOST_BYTES = 1 << 20
TEMPLATE = "render the template first: this must be plain YAML"

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NO_BLANK = re.compile("[\xa0\u1680\u2000-\u200b\u202f\u205f\u3000]")
_CHECK = "check indentation, quotes and brackets"

T = TypeVar("T")
Path_ = tuple[str | int, ...]
Moves = dict[Path_, list[Path_]]
"""The new paths of what is moved, by its old one: of phases, their tasks, and items of other lists."""


class EmptyError(PlanError):
    """A file holds nothing but comments."""


@dataclass(slots=True)
class Document:
    """A YAML document as plain values.

    Attributes:
        file: The file's name, as its user wrote it.
        value: Mappings, lists and scalars.
        places: Where each value begins, by its path of keys and indices from the root.
        keys: Where each mapping's key stands, by the path of its value.
        texts: The lines of each file that its values are written in.
        scopes: What the values at a path, and below it, can name; of a plan.
    """

    file: str
    value: Any = None
    places: dict[Path_, Place] = field(default_factory=dict)
    keys: dict[Path_, Place] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    scopes: dict[Path_, Scope] = field(default_factory=dict)

    def place(self, path: Path_) -> Place:
        """Return the place of a value, or of the nearest that holds it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(self.file))

    def scope(self, path: Path_) -> Scope:
        """Return the scope of what a plan has at a path."""
        while path not in self.scopes:
            path = path[:-1]
        return self.scopes[path]

    def part(self, path: Path_) -> Document:
        """Return what it has at a path, as a document of its own."""
        size = len(path)
        return Document(
            self.file,
            None,
            {at[size:]: place for at, place in self.places.items() if at[:size] == path},
            {at[size:]: place for at, place in self.keys.items() if at[:size] == path},
        )

    def place_of(self, path: Path_, text: str) -> Place:
        """Return the place of a part of a value's text, or else that of the value."""
        start = self.place(path)
        column = start.column - 1
        lines = self.texts.get(start.file, [])
        for number, line in enumerate(lines[max(start.line - 1, 0) :], start.line):
            if (found := line.find(text, column)) >= 0:
                return Place(start.file, number, found + 1)
            column = 0
        return start


def moved(held: Mapping[Path_, T], moves: Moves, *, rest: bool = True) -> dict[Path_, T]:
    """Return what is held by paths by their new ones.

    Args:
        held: What there is at each path.
        moves: What is moved. Other items of the same lists are left out.
        rest: Whether what belongs to no such list stays.
    """
    roots = {path[0] for path in moves}
    found: dict[Path_, T] = {}
    for path, value in held.items():
        size = next((size for size in (4, 2, 1) if path[:size] in moves), 0)
        if size:
            found |= {(*new, *path[size:]): value for new in moves[path[:size]]}
        elif rest and (len(path) < 2 or path[0] not in roots):
            found[path] = value
    return found


def get(value: Any, path: Path_) -> Any:
    """Return what a value holds at a path; None if there is nothing."""
    for part in path:
        if isinstance(value, list):
            value = value[part] if isinstance(part, int) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def items(value: Any, key: str) -> list[Any]:
    """Return the items of the list that a mapping has at a key; none if it has no list there."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def several(value: Any, key: str) -> list[Any]:
    """Return the items of a list as `items` does; a text in place of the list is its only item."""
    found = value.get(key) if isinstance(value, dict) else None
    return [found] if isinstance(found, str) else items(value, key)


def readable(path: Path) -> str:
    """Return a path for people: relative if it is below the current directory."""
    absolute = os.path.abspath(path)  # noqa: PTH100 - resolve() fails on symlink loops
    below = os.path.relpath(absolute)
    text = str(path) if below.startswith(os.pardir) else below
    return os.fsencode(text).decode(errors="replace")


def read_document(path: Path, name: str | None = None) -> Document:
    """Read a YAML file.

    Args:
        path: The file.
        name: What it is called in errors; its path if absent.

    Raises:
        PlanError: It cannot be read, is no YAML, is empty, or is larger than anybody's plan.
    """
    name = name or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        hint = likely(path, "check the path") if isinstance(error, FileNotFoundError) else ""
        cause = getattr(error, "strerror", "") or error
        raise PlanError.at(Place(name, 0), f"cannot be read: {cause}", hint) from error
    try:
        return parse_document(data, name)
    except EmptyError as error:
        if path.is_file():
            raise
        hint = "it is a pipe, which can be read once: write it to a file, and name that"
        raise EmptyError([Fault(Place(name), "is empty", hint)]) from error


def parse_document(data: bytes | str, name: str) -> Document:
    """Read a YAML document; see `read_document`."""
    raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    if len(raw) > _MOST_BYTES:
        cause = "is larger than 1 MiB"
        raise PlanError.at(Place(name, 0), cause, "a plan is a page or two; is this the right file?")
    check_contents(raw, name)
    text = _decoded(raw, name)
    node = _compose(text, name)
    if node is None:
        hint = "`bringup plan schema` says what a plan is made of"
        raise EmptyError([Fault(Place(name), "is empty", hint)])
    reader = Reader(Document(name, texts={name: text.splitlines()}))
    reader.document.value = reader.read(node)
    if reader.faults:
        raise PlanError(reader.faults)
    return reader.document


def _decoded(raw: bytes, name: str) -> str:
    """Return a file's text.

    Raises:
        PlanError: It is none, or none that YAML allows.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PlanError.at(Place(name), "is UTF-16, not UTF-8", "save it as UTF-8")
    if b"\0" in raw:
        raise PlanError.at(Place(name), "is not a text file", "is this the right file?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        raise PlanError.at(_place_after(before, name), "is not UTF-8 text", "save it as UTF-8") from error
    if found := _UNPRINTABLE.search(text):
        cause = f"the character U+{ord(found[0]):04X} may not stand in YAML"
        raise PlanError.at(_place_after(text[: found.start()], name), cause, r'write it as an escape: "\u…"')
    return text


def _place_after(text: str, name: str) -> Place:
    lines = f"{text}.".splitlines()
    return Place(name, len(lines), len(lines[-1]))


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        _check_bounds(text, name)
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise yaml_error(error, text, name) from error
    return node


def _check_bounds(text: str, name: str) -> None:
    """Refuse what composing, which recurses in C, would crash on; parsing alone does not recurse."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH or count > 2 * MOST_NODES:
            cause = "is nested too deeply" if depth > MOST_DEPTH else "has too many values"
            mark = event.start_mark
            place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
            raise PlanError.at(place, cause, "is this the right file?")


def yaml_error(error: yaml.YAMLError, text: str, name: str) -> PlanError:
    """Make an error of the parser's, with the place of what is wrong and what to do about it."""
    if not isinstance(error, yaml.MarkedYAMLError):  # a character that may not stand in YAML
        number = text.count("\n", 0, getattr(error, "position", 0)) + 1
        return PlanError.at(Place(name, number), f"is not YAML: {getattr(error, 'reason', error)}")
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
    context = error.context or ""
    if context.startswith("while") and mark and begun and begun.line < mark.line:
        context += f" that begins on line {begun.line + 1}"
    cause = ", ".join(part for part in (context, error.problem) if part)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    hint = _yaml_hint(line, place.column, cause)
    first = min(begun.line, place.line - 1) if begun else place.line - 1
    for number, each in enumerate(lines[first : place.line], first + 1):
        if hint == _CHECK and (blank := _NO_BLANK.search(each)):
            hint = f"line {number} has a U+{ord(blank[0]):04X}, which only looks like a blank: write a blank"
    return PlanError.at(place, f"is not YAML: {cause}", hint)


def _yaml_hint(line: str, column: int, cause: str) -> str:
    if "{{" in line or "{%" in line:
        return TEMPLATE
    if "\t" in line[:column] and not line[: column - 1].strip():
        return "indent with spaces: YAML takes no tabs"
    if re.search(r"[\[{,:]\s*\$\{", line) and "flow" in cause:
        return 'inside brackets, put quotes around a reference: "${name}"'
    if "mapping values are not allowed" in cause:
        return "put quotes around a text that holds a colon and a space, or check the indentation"
    if "cannot start any token" in cause:
        return "put quotes around a text that begins with this character"
    if "another document" in cause:
        return "remove the line `---` and what follows it: the file must be one document"
    if "unknown escape" in cause:
        return r"write \\ for a backslash, or put single quotes around the text"
    if "Unicode character escape" in cause:
        return r"write the character itself, or all of it as \U0001F600"
    if "alias" in cause:
        return "an anchor is written &name before its value, and used as *name after that"
    return _CHECK
