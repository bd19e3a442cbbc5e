"""Helm's charts in a directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.plan.values import ImageName
from tui.starter.names import is_valid, slug
from tui.starter.tree import is_aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.starter.tree import Tree


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Attributes:
        path: Its directory; empty for the root.
        name: Its name.
        lacks: Whether charts that it depends on are not there yet.
        image: The image that its values name under `image`, with tag; empty if they name none.
        registry: Whether they name its registry apart.
    """

    path: str
    name: str
    lacks: bool
    image: str = ""
    registry: str = ""


def find_charts(tree: Tree) -> list[Chart]:
    """Return the charts that are no library and no part of another, those that are aside last."""
    found: list[Chart] = []
    for directory in sorted(tree.by_directory, key=lambda path: (path.count("/") + bool(path), path)):
        if "Chart.yaml" not in tree.by_directory[directory] or _is_inner(directory, found):
            continue
        data = tree.read_yaml(f"{directory}/Chart.yaml".lstrip("/"))
        name = slug(str(data.get("name") or "")) if isinstance(data, dict) else ""
        if not name or data.get("type") == "library":
            continue
        lacks = bool(data.get("dependencies")) and not (tree.root / directory / "charts").is_dir()
        found.append(
            Chart(directory, name, lacks, *_image(tree.read_yaml(f"{directory}/values.yaml".lstrip("/"))))
        )
    return sorted(found, key=lambda chart: is_aside(chart.path))


def _is_inner(directory: str, found: Sequence[Chart]) -> bool:
    return any(directory.startswith(f"{chart.path}/".lstrip("/")) for chart in found)


def _image(values: Any) -> tuple[str, str]:
    """Return the image of a chart as `helm create` writes it, and its registry where that is named apart."""
    image = values.get("image") if isinstance(values, dict) else None
    repository = image.get("repository") if isinstance(image, dict) else None
    if not isinstance(image, dict) or not isinstance(repository, str) or not repository:
        return "", ""
    registry = image.get("registry") if isinstance(image.get("registry"), str) else ""
    name = f"{registry}/{repository}" if registry else repository
    tag = str(image.get("tag") or "")
    named = f"{name}:{tag}" if tag else name
    return (named, str(registry)) if is_valid(ImageName, named) else ("", "")
