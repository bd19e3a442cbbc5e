"""Advice as a patch of the files that it is about: of the plan, or of a Dockerfile."""

from __future__ import annotations

import difflib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tui.insight.advice.finding import CopyLater, DropNeeds, FastProbes, LoadImages, RemoveLimit
from tui.plan import yaml_edit as edit
from tui.plan.document import get
from tui.plan.walk import tasks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.insight.advice.finding import Change
    from tui.plan.document import Document, Path_
    from tui.plan.faults import Place
    from tui.plan.model import Plan
    from tui.plan.scope import Scope

_OfPlan = RemoveLimit | DropNeeds | FastProbes | LoadImages

_MOST_BYTES = 4 << 20


def patch(change: Change, document: Document, plan: Callable[[], Plan | None], base: Path) -> str:
    """Return a change as a unified diff, for `git apply` or `patch -p1` in a directory.

    Args:
        change: The change.
        document: The plan as it is written; the file is changed that a task is written in.
        plan: Returns the plan as it was read; asked only where its document does not tell enough.
        base: The directory; what is not below it cannot be patched.

    Returns:
        The diff; empty where a file is not there, or is written in a way that cannot be changed by itself.
    """
    if isinstance(change, CopyLater):
        path, before, after = _dockerfile_changed(change, plan())
    else:
        path, before, after = _plan_changed(change, document)
    absolute = path.absolute()
    if after is None or after == before or not absolute.is_relative_to(base):
        return ""
    return _diff(absolute.relative_to(base).as_posix(), before, after) if absolute.name.isprintable() else ""


def _dockerfile_changed(change: CopyLater, plan: Plan | None) -> tuple[Path, str, str | None]:
    """Return a Dockerfile with its text before and after a change; None where it cannot be made."""
    from tui.plan.steps import ImageBuild  # whoever has the plan has it, too

    tasks = plan.tasks if plan else ()
    step = next((task.steps[change.step] for task in tasks if task.id == change.task), None)
    if not isinstance(step, ImageBuild):
        return Path(), "", None
    path = step.dockerfile or step.context / "Dockerfile"
    files = [name for name in change.files if (step.context / name).is_file()]
    text = _read(path)
    return path, text or "", None if text is None else copied_later(text, change.install, files)


def _plan_changed(change: _OfPlan, document: Document) -> tuple[Path, str, str | None]:
    """Return a plan's file, the one that a task is written in, with its text before and after a change."""
    at: Path_ | None = () if isinstance(change, RemoveLimit) else _path(document, change.task)
    if at is None:
        return Path(), "", None
    place, scope = document.place(at), document.scope(at)
    path = scope.folder / Path(place.file).name
    text = _read(path)
    where = () if text is None or not at else _where(text, place)
    if text is None or where is None:
        return path, "", None
    after = _changed(change, text, where, scope)
    return path, text, after if after and _is_of_task(where, text, after) else None


def _path(document: Document, task: str) -> Path_ | None:
    """Return the path of a task; None for one that `each` made, or that is written where another is, too."""
    tasks = dict(tasks_in(document.value))
    places = {path: (document.scope(path).folder, document.place(path)) for path in tasks}
    its = next((path for path, each in tasks.items() if _id(each) == task), None)
    return None if its is None or list(places.values()).count(places[its]) > 1 else its


def _id(task: Any) -> str:
    return str(task.get("id")) if isinstance(task, dict) else ""


def _where(text: str, place: Place) -> Path_ | None:
    """Return the path in a file to the task that begins at a place of it."""
    root = next(iter(edit.compose(text)), None)
    for p, phase in enumerate(_nodes(edit.child(root, "phases"))):
        for t, task in enumerate(_nodes(edit.child(phase, "tasks"))):
            mark = task.start_mark
            if (mark.line + 1, mark.column + 1) == (place.line, place.column):
                return "phases", p, "tasks", t
    return None


def _changed(change: _OfPlan, text: str, where: Path_, scope: Scope) -> str | None:
    """Return a plan's text with a change of a task, which is at a path of it."""
    if isinstance(change, RemoveLimit):
        return edit.without_key(text, _at(text), "limit")
    if isinstance(change, LoadImages):
        names = ", ".join(f'"{image}"' for image in change.images)
        added = [f"{{kind: {kind}, images: [{names}]}}" for kind in ("image.pull", "image.deliver")]
        return edit.with_first_items(text, _at(text, *where, "steps"), added)
    changed: str | None = text
    if isinstance(change, DropNeeds):
        for need in change.needs:
            changed = changed and _without_need(changed, where, need, scope)
        return changed
    for step in change.steps:
        changed = changed and edit.with_value(changed, _at(changed, *where, "steps", step), "probes", "fast")
    return changed


def _without_need(text: str, where: Path_, need: str, scope: Scope) -> str | None:
    """Return a plan's text without a need of a task, by its name in the whole plan."""
    needs = _at(text, *where, "needs")
    written = [edit.text_of(item) for item in _nodes(needs)] or [edit.text_of(needs)]
    # An included plan's own tasks go first among those that a name may mean.
    names = [need.removeprefix(f"{name}.") for name in scope.names if need.startswith(f"{name}.")]
    found = next((name for name in (*names, need) if name in written), need)
    return edit.without_item(text, _at(text, *where), "needs", found)


def _at(text: str, *path: str | int) -> yaml.Node | None:
    return edit.at(next(iter(edit.compose(text)), None), *path)


def _is_of_task(where: Path_, before: str, after: str) -> bool:
    """Return whether a plan's text has changed in a task alone: an anchor may make it that of others, too.

    Args:
        where: The path of the task; empty for the limit of all.
        before: The text.
        after: The text changed.
    """
    rest = []
    for text in (before, after):
        try:
            plan = yaml.load(text, yaml.CBaseLoader)  # noqa: S506 - of strings alone
        except yaml.YAMLError:
            return False
        if where:
            *above, number = where
            get(plan, tuple(above))[number] = None
        else:
            plan.pop("limit", None)
        rest.append(plan)
    return bool(rest[0] == rest[1])


def _nodes(node: yaml.Node | None) -> list[yaml.Node]:
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
