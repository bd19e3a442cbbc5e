"""The files that decide what a task does, as far as its steps name them."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tui.plan.manifests import local_files
from tui.plan.steps import HelmInstall, ImageBuild, KubernetesApply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.model import Plan, Task
    from tui.plan.steps import Step

_LEFT_OUT = ("archive", "folder", "to")
"""Fields with paths that are not read: an image's archive, a command's directory, what is written to."""


def input_files(plan: Plan, task: Task) -> list[Path]:
    """Return the files of this machine that decide what a task does, in a steady order; blocks.

    What images are built of is left out: a build sees for itself what has changed.
    """
    found = (path for step in task.wanted_steps for path in _paths(plan, step))
    return sorted({file for path in found for file in _files(path)})


def checksum(plan: Plan, task: Task) -> str:
    """Return a checksum of the files that decide what a task does; empty if there are none; blocks."""
    files = input_files(plan, task)
    digest = hashlib.sha256()
    for file in files:
        content = b""
        with contextlib.suppress(OSError):  # its step says why it cannot be read
            content = hashlib.sha256(file.read_bytes()).digest()
        digest.update(f"{file.name}\0".encode(errors="replace") + content)
    return digest.hexdigest()[:16] if files else ""


def _paths(plan: Plan, step: Step) -> Iterator[Path]:
    if isinstance(step, ImageBuild):
        return
    yield from _values(step)
    if isinstance(step, KubernetesApply):
        yield from local_files(step)
    elif isinstance(step, HelmInstall) and step.path is not None:
        yield plan.folder_of(step) / step.path


def _values(value: Any) -> Iterator[Path]:
    """Yield the paths in a step's fields."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in _LEFT_OUT:
                yield from _values(getattr(value, name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _values(each)


def _files(path: Path) -> list[Path]:
    return [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
