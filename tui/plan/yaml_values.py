"""The values of YAML nodes, each with its place.

Scalars are read by YAML 1.2's core schema, not 1.1's: `on`, `yes`, `0644` and `1:30` stay the text that they
are. So does a number that would not come out as it was written: `1.20` is a version more often than not.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import yaml

from tui.plan.faults import Fault, Place, PlanError, shown

if TYPE_CHECKING:
    from tui.plan.document import Document, Path_

MOST_DEPTH = 40
"""How deeply values may be nested; everything that walks over them may recurse."""

MOST_NODES = 30_000
_MOST_DIGITS = 20
_STANDARD = "tag:yaml.org,2002:"
_SCALAR_TAGS = {
    "!",
    *(_STANDARD + name for name in ["str", "int", "float", "bool", "null", "timestamp", "merge", "value"]),
}
_COLLECTION_TAGS = {"!", _STANDARD + "map", _STANDARD + "seq"}
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?")


def parse_scalar(text: str) -> Any:
    """Return a plain scalar's value by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MOST_DIGITS and _NUMBER.fullmatch(text):
        for make in (int, float):
            with suppress(ValueError):
                if str(number := make(text)) == text:
                    return number
    return text


def _is_plain(node: yaml.Node) -> bool:
    """Return whether a scalar is written without quotes; the style of such is empty or absent."""
    return isinstance(node, yaml.ScalarNode) and not node.style


def _is_merge(key: yaml.Node) -> bool:
    return _is_plain(key) and key.value == "<<"


class Reader:
    """Turns nodes into values, within bounds: aliases multiply (a "YAML bomb").

    Attributes:
        document: The document that takes the places of values and keys.
        faults: What is wrong with the nodes read so far.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self._nodes = 0

    def read(self, node: yaml.Node, path: Path_ = (), depth: int = 0) -> Any:
        """Return a node's value.

        Args:
            node: The node.
            path: Where it is in the document.
            depth: How deeply it is nested.

        Raises:
            PlanError: There are too many nodes, or they are nested too deeply.
        """
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            raise PlanError.at(self._place(node), "aliases expand without bound", "write the values out")
        self._check(node)
        value = self._value(node, path, depth)
        self.document.places[path] = self._place(node)  # after those of what is merged into it
        return value

    def _check(self, node: yaml.Node) -> None:
        """Find a tag that would be ignored, and a character that no program takes."""
        scalar = isinstance(node, yaml.ScalarNode)
        if node.tag not in (_SCALAR_TAGS if scalar else _COLLECTION_TAGS):
            tag = node.tag.replace(_STANDARD, "!!")
            self._find(
                node, f"the tag {shown(tag)} is not known here", "remove it, or put quotes around the text"
            )
        if scalar and "\0" in node.value:
            self._find(node, "a text may not hold the character NUL", r"remove the escape \0")

    def _value(self, node: yaml.Node, path: Path_, depth: int) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        if _is_plain(node) and node.tag != f"{_STANDARD}str":
            return parse_scalar(node.value)
        return node.value

    def _mapping(self, node: yaml.MappingNode, path: Path_, depth: int) -> dict[str, Any]:
        result = self._merged([value for key, value in node.value if _is_merge(key)], path, depth)
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._find(key_node, "a key must be plain text", 'put quotes around a reference: "${name}"')
            elif (key := key_node.value) in own:
                self._find(key_node, f"the key {shown(key)} stands here twice", "remove one of the two")
            else:
                own[key] = self.read(value_node, (*path, key), depth + 1)
                self.document.keys[*path, key] = self._place(key_node)
        return result | own

    def _merged(self, nodes: list[yaml.Node], path: Path_, depth: int) -> dict[str, Any]:
        """Return the mappings that `<<` keys merge in; the first one that has a key wins."""
        result: dict[str, Any] = {}
        parts = [part for n in nodes for part in (n.value if isinstance(n, yaml.SequenceNode) else [n])]
        for part in reversed(parts):
            if isinstance(part, yaml.MappingNode):
                result |= self.read(part, path, depth + 1)
            else:
                self._find(
                    part, "only mappings can be merged with <<", "write <<: *name of a mapping's anchor"
                )
        return result

    def _find(self, node: yaml.Node, cause: str, hint: str) -> None:
        self.faults.append(Fault(self._place(node), cause, hint))

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.document.file, node.start_mark.line + 1, node.start_mark.column + 1)
