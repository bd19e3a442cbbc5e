"""Where plans are found: the user's own, and those that travel with bringup."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tui.plan.faults import Place, PlanError, suggest

DEFAULT = "workflowexecution"
OWN = "bringup.yaml"
_INSIDE = (OWN, "plan.yaml")  # what a plan is called in its directory


def manifests_folder() -> Path:
    """Return the directory of bundled plans: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "manifests"
    return inside if inside.is_dir() else package.parent / "manifests"


def bundled_plans() -> list[str]:
    """Return the names of the plans that travel with bringup."""
    return sorted(path.parent.name for path in manifests_folder().glob("*/plan.yaml"))


def find_plan(name: str | None) -> Path:
    """Return the file of a plan.

    Args:
        name: A file, a directory that holds `plan.yaml` or `bringup.yaml`, or a bundled plan's name. Without
            one: `bringup.yaml` here, else the bundled default.

    Raises:
        PlanError: There is none, or what may be meant as one's own cannot be taken for it.
    """
    if name is None:
        return _own() or manifests_folder() / DEFAULT / "plan.yaml"
    try:
        return _named(name)
    except (OSError, RuntimeError) as error:  # it may not be read, or `~user` is unknown
        cause = error.strerror if isinstance(error, OSError) else error
        raise PlanError.at(Place(name, 0), f"cannot be read: {cause}", "check the path") from error


def _own() -> Path | None:
    """Return the plan of the current directory, if there is one.

    Raises:
        PlanError: There is one by almost that name, or further up in the same repository, which the bundled
            default must not take the place of.
    """
    own = Path(OWN)
    if own.is_file():
        return own
    with suppress(OSError):  # a directory that cannot be listed has none
        for found in sorted(path.name for path in Path().iterdir()):
            if found == OWN:
                cause = "is a link to no file" if own.is_symlink() else "is no file"
                raise PlanError.at(Place(found, 0), cause, "correct it, or name the plan that is meant")
            if found.lower() in {OWN, "bringup.yml"}:
                raise PlanError.at(Place(found, 0), f"a plan is called {OWN}", "rename it, or name it")
        if (above := _above()) is not None:
            cause = "is further up in the repository, and taken only where it is named"
            raise PlanError.at(Place(str(above), 0), cause, f"name it, or a bundled plan, such as {DEFAULT}")
    return None


def _above() -> Path | None:
    """Return the plan that is nearest above the current directory, in the same repository."""
    parents = Path.cwd().parents
    root = next((i for i, each in enumerate((Path.cwd(), *parents)) if (each / ".git").exists()), 0)
    return next((each / OWN for each in parents[:root] if (each / OWN).is_file()), None)


def is_plan(name: str) -> bool:
    """Return whether a plan's file, its directory, or a bundled plan has this name."""
    with suppress(OSError, RuntimeError, PlanError):
        return _named(name).is_file()
    return False


def _named(name: str) -> Path:
    if not name.strip():  # `bringup up "$PLAN"`, where that is not set
        raise PlanError.at(Place("PLAN", 0), "the name is empty", "name a plan, or leave the argument out")
    if name == "-":
        cause = "a plan is a file, and is not read from standard input"
        raise PlanError.at(Place(name, 0), cause, "name its file: its paths begin at that file's directory")
    path = Path(name).expanduser()
    # A file or an empty directory of that name does not hide a bundled plan.
    if name in bundled_plans() and not any((path / inside).is_file() for inside in _INSIDE):
        return manifests_folder() / name / "plan.yaml"
    if path.is_dir():
        for inside in _INSIDE:
            if (path / inside).is_file():
                return path / inside
        cause = f"the directory has neither {OWN} nor plan.yaml"
        raise PlanError.at(Place(name, 0), cause, "name the plan's file")
    if path.exists() or path.suffix in {".yaml", ".yml"} or "/" in name:
        return path
    raise PlanError.at(
        Place(name, 0), "no such file, directory or bundled plan", suggest(name, bundled_plans())
    )
