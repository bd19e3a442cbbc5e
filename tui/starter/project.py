"""What of a project a plan can use, as it is found in a directory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.cluster_config import check_config
from tui.plan.faults import PlanError
from tui.starter.charts import Chart, find_charts
from tui.starter.images import Build, find_builds
from tui.starter.kustomize import find_kustomizations
from tui.starter.names import slug
from tui.starter.objects import Directory, find_directories
from tui.starter.tree import Tree, is_aside, list_files
from tui.text import plural

if TYPE_CHECKING:
    from pathlib import Path

_CONFIGS = {
    provider: re.compile(rb"^\s*\"?apiVersion\"?:\s*[\"']?" + group, re.MULTILINE)
    for provider, group in {"kind": rb"kind\.x-k8s\.io/", "k3d": rb"k3d\.io/"}.items()
}
"""How configurations of clusters begin, by the provider whose they are."""
_GOOSE = re.compile(rb"^--\s*\+goose\s+Up\b", re.MULTILINE)
_TARGET = re.compile(rb"^([A-Za-z0-9][\w./-]*)\s*:(?![=:])", re.MULTILINE)
_TESTS = re.compile(r"e2e|integration|acceptance|smoke")
_OTHER_TOOLS = (
    "skaffold.yaml",
    "skaffold.yml",
    "Tiltfile",
    "devspace.yaml",
    "garden.yml",
    "docker-compose.yml",
)
_MOST_BYTES = 1 << 18
_MOST_FILES = 5000


@dataclass(frozen=True, slots=True)
class Found:
    """What is found in a directory.

    Attributes:
        tree: Its files.
        name: What the project is called.
        builds: The images that can be built.
        configs: Configurations of clusters with the provider whose they are, the likeliest first.
        kustomizations: Directories for kustomize.
        charts: Helm's charts.
        directories: Directories of manifests.
        migrations: Directories of migrations in goose's format.
        tests: The targets of the Makefile that seem to run tests against an environment.
        tools: Files of other tools that do the like.
        left: What a plan cannot use though it is like what it uses, with the reason.
    """

    tree: Tree
    name: str
    builds: list[Build]
    configs: list[tuple[str, str]]
    kustomizations: list[str]
    charts: list[Chart]
    directories: list[Directory]
    migrations: list[str]
    tests: list[str]
    tools: list[str]
    left: dict[str, str]


def find(root: Path) -> Found:
    """Look at a directory.

    Raises:
        OSError: It cannot be read.
    """
    tree = list_files(root)
    name = slug(root.resolve().name) or "environment"
    charts = find_charts(tree)
    kustomized = [d for d, names in tree.by_directory.items() if "kustomization" in "".join(names).lower()]
    configs, unusable = _cluster_configs(tree)
    apart = [*(chart.path for chart in charts), *kustomized]
    directories, left = find_directories(tree, [each for each in apart if each])
    makefile = tree.read("Makefile", _MOST_BYTES) if "Makefile" in tree.files else b""
    targets = [found.decode() for found in dict.fromkeys(_TARGET.findall(makefile))]
    return Found(
        tree=tree,
        name=name,
        builds=find_builds(tree, name),
        configs=configs,
        kustomizations=find_kustomizations(tree),
        charts=charts,
        directories=directories,
        migrations=_migrations(tree),
        tests=[target for target in targets if _TESTS.search(target)],
        tools=[file for file in _OTHER_TOOLS if file in tree.files],
        left={**unusable, **left, **_not_seen(tree)},
    )


def _not_seen(tree: Tree) -> dict[str, str]:
    """Return what was not looked at, with the reason."""
    left = {"all further files": "there are too many to look at"} if tree.cut else {}
    if tree.unnamed:
        left[plural(tree.unnamed, "file")] = "a plan cannot hold such names"
    return left


def _cluster_configs(tree: Tree) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return configurations of clusters, the likeliest first, and what cannot be used, with the reason."""
    found: list[tuple[str, str]] = []
    left: dict[str, str] = {}
    looked = 0
    for file in sorted(tree.files, key=lambda file: (file.count("/"), file)):
        if not file.endswith((".yaml", ".yml")) or looked > _MOST_FILES:
            continue
        looked += 1
        data = tree.read(file, _MOST_BYTES)
        provider = next((name for name, begin in _CONFIGS.items() if begin.search(data)), "")
        if not provider:
            continue
        try:
            text = data.decode("utf-8-sig")
            check_config(text, text, file, provider)
        except (PlanError, UnicodeDecodeError) as error:
            left[file] = error.faults[0].cause if isinstance(error, PlanError) else "is not UTF-8 text"
            continue
        if "${" in text:
            left[file] = "holds ${…}, which a plan would fill in"
        else:
            found.append((file, provider))
    return found, left


def _migrations(tree: Tree) -> list[str]:
    """Return the directories of migrations in goose's format."""
    found = []
    for directory, names in tree.by_directory.items():
        first = next((name for name in names if re.match(r"\d+_.*\.sql$", name)), None)
        path = f"{directory}/{first}".lstrip("/")
        if first and not is_aside(directory) and _GOOSE.search(tree.read(path, _MOST_BYTES)):
            found.append(directory)
    return found
