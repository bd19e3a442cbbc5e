"""Advice as a patch of the files that it is about: of the plan, or of a Dockerfile."""

from __future__ import annotations

import difflib
import io
import re
from typing import TYPE_CHECKING

import yaml

from tui.insight.advice.finding import CopyLater, DropNeeds, FastProbes, LoadImages, RemoveLimit
from tui.plan import yaml_edit as edit
from tui.plan.steps import ImageBuild

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tui.insight.advice.finding import Change
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan

_MOST_BYTES = 4 << 20


def patch(change: Change, loaded: LoadedPlan, base: Path) -> str:
    """Return a change as a unified diff, for `git apply` or `patch -p1` in a directory.

    Args:
        change: The change.
        loaded: The plan.
        base: The directory; what is not below it cannot be patched.

    Returns:
        The diff; empty where a file is not there, or is written in a way that cannot be changed by itself.
    """
    diffs = []
    for path, before, after in _changed(change, loaded):
        if after is None or after == before:
            continue
        absolute = path.absolute()
        if not absolute.is_relative_to(base) or not absolute.name.isprintable():
            return ""
        diffs.append(_diff(absolute.relative_to(base).as_posix(), before, after))
    return "".join(diffs)


def _changed(change: Change, loaded: LoadedPlan) -> Iterator[tuple[Path, str, str | None]]:
    """Yield each file with its text before and after the change."""
    if isinstance(change, CopyLater):
        step = next(task for task in loaded.plan.tasks if task.id == change.task).steps[change.step]
        if isinstance(step, ImageBuild):
            path = step.dockerfile or step.context / "Dockerfile"
            if (text := _read(path)) is not None:
                files = [name for name in change.files if (step.context / name).is_file()]
                yield path, text, copied_later(text, change.install, files)
    elif (text := _read(loaded.path)) is not None:
        after = _plan_changed(change, text, loaded.plan)
        task = "" if isinstance(change, RemoveLimit) else change.task
        yield loaded.path, text, after if after and _is_of_task(task, text, after) else None


def _plan_changed(
    change: RemoveLimit | DropNeeds | FastProbes | LoadImages, text: str, plan: Plan
) -> str | None:
    root = next(iter(edit.compose(text)), None)
    if isinstance(change, RemoveLimit):
        return edit.without_key(text, root, "limit")
    if isinstance(change, DropNeeds):
        return _without_needs(text, plan, change)
    if isinstance(change, LoadImages):
        names = ", ".join(f'"{image}"' for image in change.images)
        items = [f"{{kind: {kind}, images: [{names}]}}" for kind in ("image.pull", "kind.load")]
        return edit.with_first_items(text, edit.child(_task(root, plan, change.task), "steps"), items)
    for step in change.steps:
        root = next(iter(edit.compose(text)), None)
        node = edit.at(_task(root, plan, change.task), "steps", step)
        changed = edit.with_value(text, node, "probes", "fast")
        if changed is None:
            return None
        text = changed
    return text


def _is_of_task(task: str, before: str, after: str) -> bool:
    """Return whether a plan's text has changed in a task alone: an anchor may make it that of others, too.

    Args:
        task: The task; empty for the limit of all.
        before: The text.
        after: The text changed.
    """
    rest = []
    for text in (before, after):
        try:
            plan = yaml.load(text, yaml.CBaseLoader)  # noqa: S506 - of strings alone
        except yaml.YAMLError:
            return False
        if not task:
            plan.pop("limit", None)
        for phase in plan["phases"]:
            tasks = phase.get("tasks", [])
            phase["tasks"] = [each for each in tasks if not task or each["id"] != task]
        rest.append(plan)
    return bool(rest[0] == rest[1])


def _without_needs(text: str, plan: Plan, change: DropNeeds) -> str | None:
    for need in change.needs:
        root = next(iter(edit.compose(text)), None)
        changed = edit.without_item(text, _task(root, plan, change.task), "needs", need)
        if changed is None:
            return None
        text = changed
    return text


def _task(root: yaml.Node | None, plan: Plan, task: str) -> yaml.Node | None:
    """Return the node that a task is written in; None for one that `each` made, or of an included plan."""
    if plan.include or any(other.each is not None for other in plan.tasks):
        phases = _items(edit.child(root, "phases"))
        nodes = [node for phase in phases for node in _items(edit.child(phase, "tasks"))]
        return next((node for node in nodes if getattr(edit.child(node, "id"), "value", "") == task), None)
    for p, phase in enumerate(plan.phases):
        for t, each in enumerate(phase.tasks):
            if each.id == task:
                return edit.at(root, "phases", p, "tasks", t)
    return None


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def copied_later(text: str, install: str, files: Sequence[str]) -> str | None:
    """Change a Dockerfile: copy the files that an instruction needs ahead of it, and the rest after it.

    Args:
        text: The Dockerfile.
        install: The instruction, as the build told it.
        files: The files.

    Returns:
        It changed; None where it is written in a way that this does not know.
    """
    blocks = _instructions(text)
    wanted = " ".join(install.split())
    place = next((i for i, block in enumerate(blocks) if _said(block).startswith(wanted)), None)
    if place is None or not files:
        return None
    copies = [i for i, block in enumerate(blocks[:place]) if re.match(r"(?i)(COPY|ADD)\s", block.lstrip())]
    if not copies or any(re.match(r"(?i)RUN\s", b.lstrip()) for b in blocks[copies[-1] + 1 : place]):
        return None
    copy = blocks[copies[-1]]
    *head, source, target = copy.split()
    if source not in {".", "./", "*"}:
        return None
    directory = target if target.endswith("/") else f"{target}/"
    end = "\r\n" if copy.endswith("\r\n") else "\n"
    first = f"{' '.join((*head, *files, directory))}{end}"
    blocks[place] = f"{blocks[place].rstrip()}{end}{copy.rstrip()}{end}"
    blocks[copies[-1]] = first
    return "".join(blocks)


def _instructions(text: str) -> list[str]:
    """Return a Dockerfile's instructions with their continued lines, and other lines on their own."""
    blocks: list[str] = []
    goes_on = False
    for line in text.splitlines(keepends=True):
        comment = line.lstrip().startswith("#") or not line.strip()
        if goes_on:
            blocks[-1] += line
        else:
            blocks.append(line)
        goes_on = line.rstrip().endswith("\\") or (goes_on and comment)
    return blocks


def _said(block: str) -> str:
    """Return an instruction as a build tells it: on one line."""
    lines = [line for line in block.splitlines() if not line.lstrip().startswith("#")]
    return " ".join(" ".join(line.rstrip().removesuffix("\\") for line in lines).split())


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8")
    except (OSError, ValueError):
        return None


def _diff(name: str, before: str, after: str) -> str:
    end = "\t" if " " in name else ""  # or else `patch` takes what follows the space for a date
    one, other = (list(io.StringIO(text, newline="\n")) for text in (before, after))
    lines = difflib.unified_diff(one, other, f"a/{name}{end}", f"b/{name}{end}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
