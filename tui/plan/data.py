"""ConfigMaps and Secrets of files and literals, as `kubectl create` makes them."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING, Any

from tui.plan.faults import Place, PlanError, shown
from tui.plan.manifests import THE_PLAN, Manifest, read_bytes
from tui.plan.steps import ConfigMap
from tui.plan.steps.sources import checked_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.plan.steps import Secret

_VARIABLE = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z][-._a-zA-Z0-9]*")


def made_of(source: ConfigMap | Secret) -> Manifest:
    """Return the object that is made of files and literals; blocks.

    Raises:
        PlanError: A file cannot be read, or a key cannot be used or is given twice.
    """
    content: dict[str, bytes] = {}
    for place, key, value in _entries(source):
        if key in content:
            raise PlanError.at(place, f"the key {shown(key)} is given twice", "leave one out")
        content[key] = value
    body: dict[str, Any] = {"apiVersion": "v1", "metadata": {"name": source.name}}
    if isinstance(source, ConfigMap):
        body["kind"] = "ConfigMap"
        texts = {key: text for key, value in content.items() if (text := _text(value)) is not None}
        binary = {key: _encoded(value) for key, value in content.items() if key not in texts}
        parts = {"data": texts, "binaryData": binary}
    else:
        body |= {"kind": "Secret", "type": source.type}
        parts = {"data": {key: _encoded(value) for key, value in content.items()}}
    return Manifest(body | {key: part for key, part in parts.items() if part}, THE_PLAN)


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _entries(source: ConfigMap | Secret) -> Iterator[tuple[Place, str, bytes]]:
    for each in source.files:
        for file in (each.path,) if each.key else _files(each.path):
            place = Place(str(file), 0)
            yield place, each.key or _name(file, place), read_bytes(file)
    for file in source.envs:
        yield from _variables(file)
    for key, value in source.literals.items():
        yield Place(THE_PLAN, 0), key, value.encode()


def _name(file: Path, place: Place) -> str:
    try:
        return checked_key(file.name)
    except ValueError as error:
        raise PlanError.at(place, *error.args) from error


def _files(path: Path) -> list[Path]:
    """Return a file itself, or the files that are in a directory; as for kubectl, links there are none."""
    try:
        if path.is_dir():
            return sorted(each for each in path.iterdir() if each.is_file() and not each.is_symlink())
    except OSError as error:
        raise PlanError.at(Place(str(path), 0), f"cannot be read: {error.strerror}") from error
    return [path]


def _variables(file: Path) -> Iterator[tuple[Place, str, bytes]]:
    """Read lines of KEY=VALUE."""
    for number, line in enumerate(read_bytes(file).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        place = Place(str(file), number)
        if (text := _text(line.removesuffix(b"\r"))) is None:
            raise PlanError.at(place, "is not UTF-8 text", "save it as UTF-8")
        text = text.lstrip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if not _VARIABLE.fullmatch(key):
            hint = "write KEY=VALUE, the key of letters, digits, - _ and . without blanks"
            cause = f"{shown(key)} is no variable's name" if equals else "the line is no KEY=VALUE"
            raise PlanError.at(place, cause, hint)
        yield place, key, (value if equals else os.environ.get(key, "")).encode()
