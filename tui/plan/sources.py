"""The files that a plan fills in: its manifests, and Kind's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.plan.faults import Fault, Place, PlanError
from tui.plan.steps import KindCreate, KubernetesApply
from tui.plan.substitute import fill_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.model import Plan
    from tui.plan.steps import Step

_SUFFIXES = {".yaml", ".yml", ".json"}
_MOST_BYTES = 1 << 24


def manifest_files(step: KubernetesApply) -> Iterator[Path]:
    """A step's manifests on this machine, in the order in which they are applied."""
    for source in step.manifests:
        if not isinstance(source, str) or is_remote(source):
            continue
        path = Path(source)
        if not path.is_dir():
            yield path
            continue
        try:
            yield from sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
        except OSError:  # reading it as a file says why it cannot be read
            yield path


def is_remote(source: str) -> bool:
    """Whether a manifest is fetched."""
    return source.startswith(("http://", "https://"))


def read_source(file: Path, variables: dict[str, Any] | None) -> str:
    """A file's text, filled in where there are variables to do it with.

    Raises:
        PlanError: It cannot be read, or refers to what is not there.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise PlanError.at(Place(str(file), 0), "is larger than 16 MiB", "is this the right file?")
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlanError.at(Place(str(file), 0), "is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise PlanError.at(Place(str(file), 0), f"cannot be read: {error.strerror}") from error
    return text if variables is None else fill_text(text, variables, str(file))


def check_files(plan: Plan, variables: dict[str, Any]) -> list[Fault]:
    """Finds, before anything runs, what cannot be filled in."""
    faults: dict[Fault, None] = {}
    for step in [*(step for task in plan.tasks for step in task.steps), *plan.down]:
        for file in _filled_in(step):
            try:
                read_source(file, variables)
            except PlanError as error:
                faults |= dict.fromkeys(error.faults)
    return list(faults)


def _filled_in(step: Step) -> Iterator[Path]:
    if isinstance(step, KindCreate) and step.config:
        yield step.config
    elif isinstance(step, KubernetesApply) and step.substitute:
        yield from manifest_files(step)
