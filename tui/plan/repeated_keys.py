"""Keys that stand twice in a mapping of YAML, of which kubectl and helm take the last without a word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from tui.plan.faults import Place

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read: a mapping with the keys that it has so far, or a list."""

    is_mapping: bool
    keys: set[str] = field(default_factory=set)
    at_key: bool = True


def repeated_keys(text: str, source: str) -> Iterator[tuple[Place, str]]:
    """Yield each key that stands in its mapping already, with its place.

    Args:
        text: YAML that can be read, or JSON.
        source: The file's name in places.
    """
    collections: list[_Open] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            collections.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        if collections and (top := collections[-1]).is_mapping:
            if top.at_key and isinstance(event, yaml.ScalarEvent) and event.value != "<<":
                if event.value in top.keys and event.start_mark:
                    yield Place(source, event.start_mark.line + 1, event.start_mark.column + 1), event.value
                top.keys.add(event.value)
            top.at_key = not top.at_key
        if isinstance(event, yaml.CollectionStartEvent):
            collections.append(_Open(isinstance(event, yaml.MappingStartEvent)))
