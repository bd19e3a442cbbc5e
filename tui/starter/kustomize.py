"""Directories that are written for kustomize, and what it makes of them."""

from __future__ import annotations

import posixpath
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.plan.faults import PlanError
from tui.plan.manifests import KUSTOMIZATIONS, read_objects
from tui.text import one_line

if TYPE_CHECKING:
    from tui.plan.manifests import Manifest
    from tui.starter.tree import Tree

_LISTS = ("resources", "bases", "components")
_PATIENCE = 15.0  # seconds to build a directory


@dataclass(frozen=True, slots=True)
class Built:
    """What kustomize makes of a directory.

    Attributes:
        objects: The objects; None where they are not known, as kustomize is missing or takes long.
        error: Why it cannot be built; empty if it can, or that is not known.
    """

    objects: tuple[Manifest, ...] | None = None
    error: str = ""


def find_kustomizations(tree: Tree) -> list[str]:
    """Return the directories for kustomize that no other one uses, and that are no components."""
    found: dict[str, list[str]] = {}
    for directory, names in tree.by_directory.items():
        name = next((name for name in KUSTOMIZATIONS if name in names), None)
        data = tree.read_yaml(f"{directory}/{name}".lstrip("/")) if name else None
        if isinstance(data, dict) and data.get("kind") != "Component":
            listed = [item for key in _LISTS for item in _texts(data.get(key))]
            found[directory] = [posixpath.normpath(posixpath.join(directory, item)) for item in listed]
    used = {path for listed in found.values() for path in listed}
    return [directory for directory in found if (directory or ".") not in used]


def build(tree: Tree, directory: str) -> Built:
    """Build a directory as `kubernetes.apply` will."""
    program = shutil.which("kustomize") or shutil.which("kubectl")
    if program is None:
        return Built()
    command = "build" if program.rsplit("/", 1)[-1].startswith("kustomize") else "kustomize"
    try:
        done = subprocess.run(
            [program, command, str(tree.root / directory)],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Built()
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return Built(error=one_line(lines[-1]) if lines else "kustomize does not build it")
    try:
        return Built(tuple(read_objects(done.stdout, directory)))
    except PlanError as error:
        return Built(error=error.faults[0].cause)


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
