"""`${dotted.name}` in plans and manifests.

`${…}` rather than a template language: a value that is a whole reference keeps its type (a list stays a
list), an error has the place of the reference, YAML needs no quoting round it, and a plan stays data.
`$${` writes a plain `${`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tui.plan.document import yaml_error
from tui.plan.faults import MOST_FAULTS, Fault, Place, PlanError, shown, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.plan.document import Path_

FOLDER = "folder"
"""The one variable that always exists: the directory of the file in which it is written."""

MOST_LETTERS = 1 << 22
"""Limit of characters that references may expand to: those that use one another multiply."""

REFERENCE = re.compile(r"\$?\$\{(?P<name>[^}\n]*)\}")
_HIDDEN = re.compile("[\U00100000-\U0010fffd]\ue000*")
_FIRST_HIDDEN = 0x100000
_FILLER = "\ue000"
_MOSTREFERENCES = 0xFFFD
_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_0-9][\w-]*)*", re.ASCII)


class UndefinedError(Exception):
    """A reference to an undefined variable.

    Attributes:
        cause: What is wrong with it.
        hint: What to do.
        reference: The reference as it is written.
        place: Where that is, once it is known.
    """

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.reference = ""
        self.place: Place | None = None


def is_name(text: str) -> bool:
    """Return whether this is a dotted name that a reference can have."""
    return _NAME.fullmatch(text) is not None


def find(variables: Mapping[str, Any], name: str) -> Any:
    """Return the value of a dotted name.

    Raises:
        UndefinedError: There is none.
    """
    if not is_name(name):
        raise UndefinedError(f"{shown(name)} is not a variable's name", _naming_hint(name))
    value: Any = variables
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            hint = _ENVIRONMENT if name.isupper() else suggest(name, names(variables))
            hint = _ITEM if name.partition(".")[0] == "each" and "each" not in variables else hint
            hint = _OUTPUT if name.partition(".")[0] == "output" and "output" not in variables else hint
            hint = hint or "add it to `variables:`"
            raise UndefinedError(f"variable {shown(name)} is not defined", hint)
        value = value[part]
    return value


_ITEM = "it is the item in a task that has `each: ${a-list}`, and in the files of its steps"
_OUTPUT = "an output is there for steps alone, which need the task of the command with `output: NAME`"
_ENVIRONMENT = (
    "variables are the plan's own, not the environment's: add it to `variables:`; "
    "in a line of shell write $NAME or $${NAME}"
)


def _naming_hint(name: str) -> str:
    """Return what to write in place of a reference in the form of another tool or of the shell."""
    if name.strip("{ ") != name:
        return "write ${name}, without blanks and further braces"
    if re.match(r"[#!]|\w+\W?[-+=?#%/^,@]", name):
        return "`variables:` has the defaults; in a line of shell, write $${ for a plain ${"
    return "write ${name} or ${group.name}; $${ is a plain ${"


def names(variables: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted names of all values that are not mappings."""
    found: list[str] = []
    for key, value in variables.items():
        found += names(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [f"{prefix}{key}"]
    return found


def fill(text: str, look_up: Callable[[str], Any]) -> Any:
    """Replace the references in a text; a text that is one whole reference becomes the value itself.

    Raises:
        UndefinedError: A reference leads nowhere.
    """

    def value_of(match: re.Match[str]) -> Any:
        try:
            return look_up(match["name"])
        except UndefinedError as error:
            error.reference = error.reference or match[0]
            raise

    whole = REFERENCE.fullmatch(text)
    if whole and not text.startswith("$$"):
        return value_of(whole)
    return REFERENCE.sub(lambda m: m[0][1:] if m[0].startswith("$$") else as_text(value_of(m)), text)


def each_text(value: Any, change: Callable[[str, Path_], Any], path: Path_ = ()) -> Any:
    """Return a value with every text in it changed; the function gets the text and its path."""
    if isinstance(value, dict):
        return {key: each_text(item, change, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [each_text(item, change, (*path, i)) for i, item in enumerate(value)]
    return change(value, path) if isinstance(value, str) else value


def as_text(value: Any) -> str:
    """Return a value as text: JSON if it is not a string, which YAML reads as well."""
    return value if isinstance(value, str) else json.dumps(value)


class References:
    """The references of a file, hidden while the file is parsed: no value can change what the file says.

    Each reference is replaced by private characters of the same number, which no parser gives a meaning and
    which leave all places as they are.

    Attributes:
        text: The file's text with its references hidden.
    """

    def __init__(self, text: str, variables: Mapping[str, Any] | None, source: str) -> None:
        """Hide the references of a text.

        Args:
            text: The file's text.
            variables: What references are filled in from; None leaves them as they are written.
            source: The file's name in errors.
        """
        self._written = text
        self._variables = {**(variables or {}), FOLDER: str(Path(source).absolute().parent)}
        self._source = source
        self._matches: list[re.Match[str]] = []
        self._faults: dict[int, Fault] = {}
        self._letters = 0
        self.text = text if variables is None else REFERENCE.sub(self._hide, text)

    def _hide(self, match: re.Match[str]) -> str:
        if len(self._matches) > _MOSTREFERENCES:
            raise PlanError.at(Place(self._source, 0), f"has more than {_MOSTREFERENCES} references")
        self._matches.append(match)
        return chr(_FIRST_HIDDEN + len(self._matches) - 1) + _FILLER * (len(match[0]) - 1)

    def fill(self, text: str, *, whole: bool = False) -> Any:
        """Return a part of the parsed file with its references filled in.

        Args:
            text: The part.
            whole: Whether a part that is one reference becomes the value itself; else it becomes text.
        """
        if whole and (found := _HIDDEN.fullmatch(text)):
            return self._value(found)
        return _HIDDEN.sub(lambda found: as_text(self._value(found)), text)

    def _value(self, found: re.Match[str]) -> Any:
        number = ord(found[0][0]) - _FIRST_HIDDEN
        if number >= len(self._matches):
            return found[0]  # a private character of the file's own
        match = self._matches[number]
        if match[0].startswith("$$"):
            return match[0][1:]
        try:
            value = find(self._variables, match["name"])
            self._letters += len(as_text(value))
            if self._letters > MOST_LETTERS:
                raise UndefinedError("the file's references expand without bound")
        except UndefinedError as error:
            self._faults[number] = Fault(self._place(match), error.cause, error.hint)
            if self._letters > MOST_LETTERS or len(self._faults) == MOST_FAULTS:
                self.check()
            return ""
        return value

    def _place(self, match: re.Match[str]) -> Place:
        text, start = self._written, match.start()
        return Place(self._source, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))

    def check(self) -> None:
        """Report the references that could not be filled in.

        Raises:
            PlanError: There are some; each is named with its place.
        """
        if self._faults:
            raise PlanError(self._faults[number] for number in sorted(self._faults))


def fill_text(text: str, variables: Mapping[str, Any], source: str) -> str:
    """Fill in the references of a YAML file.

    Args:
        text: The file's text. Without references it is returned as it is.
        variables: The plan's variables.
        source: The file's name in errors.

    Raises:
        PlanError: The text is no YAML, or its references are undefined.
    """
    references = References(text, variables, source)
    if references.text == text:
        return text
    try:
        events = list(yaml.parse(references.text, Loader=yaml.CSafeLoader))
        filled: str = yaml.emit([each for event in events for each in _filled(event, references)])
    except yaml.YAMLError as error:
        raise yaml_error(error, text, source) from error
    references.check()
    return filled


def _filled(event: yaml.Event, references: References) -> list[yaml.Event]:
    if not isinstance(event, yaml.ScalarEvent) or not _HIDDEN.search(event.value):
        return [event]
    value = references.fill(event.value, whole=event.implicit[0])
    if isinstance(value, str):
        style = event.style or '"'
        return [yaml.ScalarEvent(event.anchor, event.tag, (False, True), value, style=style)]
    stream = yaml.parse(json.dumps(value), Loader=yaml.CSafeLoader)
    return list(stream)[2:-2]  # without the ends of the stream and of the document
