"""What a first plan is to do, chosen from what is found."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tui.starter.images import TAG, Build, is_pinned, matched, name_of
from tui.starter.kustomize import build as kustomize
from tui.starter.names import quoted, slug, unique
from tui.starter.objects import Database, Facts, facts_of, find_database
from tui.starter.steps import Step
from tui.starter.tree import ENVIRONMENTS, is_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.plan.manifests import Manifest
    from tui.starter.charts import Chart
    from tui.starter.project import Found

KUSTOMIZE, HELM, MANIFESTS = "kustomize", "helm", "manifests"
APPLIED = (KUSTOMIZE, MANIFESTS)
_UNKNOWN = (
    "What it makes is not known here: add a step that waits for it (`bringup plan steps kubernetes.wait`)."
)
_MOST_NAMED = 3  # paths that are left out for the same reason
_MOST = 12  # of each thing, in a plan that somebody is to read


@dataclass(slots=True)
class Deployment:
    """A task that deploys something.

    Attributes:
        id: The task's.
        steps: Its steps.
        remarks: What is to be known of it, for comments.
    """

    id: str
    steps: list[Step]
    remarks: list[str] = field(default_factory=list)


class _Applied(NamedTuple):
    """What a task applies.

    Attributes:
        id: The task's.
        sources: The manifests, as the plan names them.
        objects: The objects in them; none where they are not known.
        facts: What is to be known of these.
        remarks: What else is to be known.
    """

    id: str
    sources: list[str]
    objects: tuple[Manifest, ...]
    facts: Facts
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """What a first plan is to do.

    Attributes:
        name: Its name.
        prefix: The way from the plan's directory to that of the project.
        provider: What makes the cluster.
        config: Its configuration; None for its own default.
        builds: The images to build.
        pulls: The images to pull.
        deployments: What is to be deployed.
        migrations: The directory of migrations to apply; None if there is none.
        database: Where they are applied; None if that is not known.
        tests: Targets of the Makefile that seem to run tests.
        tools: Files of other tools.
        used: What of the directory is used, and what for.
        left: What is left out, with the reason.
    """

    name: str
    prefix: str = "."
    provider: str = "kind"
    config: str | None = None
    builds: list[Build] = field(default_factory=list)
    pulls: list[str] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    migrations: str | None = None
    database: Database | None = None
    tests: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    def at(self, path: str) -> str:
        """Return a path in the project as the plan names it."""
        return posixpath.normpath(posixpath.join(self.prefix, path)) + "/" * path.endswith("/")

    def left_out(self) -> list[str]:
        """Return what is left out, a line for each reason."""
        by_reason: dict[str, list[str]] = {}
        for path, reason in self.left.items():
            by_reason.setdefault(reason, []).append(path)
        return [
            f"{', '.join(paths[:_MOST_NAMED])}{f' and {more} more' if more > 0 else ''}: {reason}"
            for reason, paths in by_reason.items()
            for more in [len(paths) - _MOST_NAMED]
        ]


def ways(found: Found) -> list[str]:
    """Return the ways in which what is found can be deployed, the best first."""
    has = {
        KUSTOMIZE: any(not _is_beside(each) for each in found.kustomizations),
        HELM: any(not _is_beside(chart.path) for chart in found.charts),
        MANIFESTS: any(not _is_beside(each.path) for each in found.directories),
    }
    return [way for way, there in has.items() if there]


def _is_beside(path: str) -> bool:
    """Return whether a path is beside the project: `test/k8s` is, `overlays/test` is not."""
    parent, _, name = path.rpartition("/")
    return is_aside(parent if parent and name.lower() in ENVIRONMENTS else path)


def best_draft(found: Found, name: str, prefix: str = ".") -> Draft:
    """Return the draft of the first way in which something is deployed; see `draft`."""
    drafts = [draft(found, name, way, prefix) for way in ways(found)] or [draft(found, name, "", prefix)]
    return next((made for made in drafts if made.deployments), drafts[0])


def draft(found: Found, name: str, way: str, prefix: str = ".") -> Draft:
    """Choose what a plan is to do.

    Args:
        found: What there is.
        name: The plan's name.
        way: How it is deployed: one of `ways`, or empty for nothing.
        prefix: The way from the plan's directory to that of the project.
    """
    made = Draft(name, prefix, tests=found.tests, tools=found.tools, left=dict(found.left))
    _choose_config(made, found)
    applied = {KUSTOMIZE: _kustomized, MANIFESTS: _manifests}[way](made, found) if way in APPLIED else []
    charts = _charts(made, found) if way == HELM else []
    _leave_other_ways(made, found, way)
    used = [image for each in applied for image in each.facts.images]
    builds = _choose_images(made, found, [*used, *(chart.image for chart in charts if chart.image)])
    made.pulls = [each for each in dict.fromkeys(used) if each not in builds and not is_pinned(each)]
    made.deployments = [_apply(each, builds) for each in applied]
    made.deployments += [_install(chart, made, builds.get(chart.image)) for chart in charts]
    if not made.deployments:
        made.left |= dict.fromkeys(
            found.migrations, "nothing deploys a database: `plan steps postgres.migrate`"
        )
    elif found.migrations:
        made.migrations, *others = found.migrations
        made.database = find_database([each for part in applied for each in part.objects])
        made.used.append((made.migrations, "migrations" if made.database else "migrations, commented out"))
        made.left |= dict.fromkeys(others, "other migrations are applied")
    return made


def _choose_config(made: Draft, found: Found) -> None:
    if found.configs:
        (made.config, made.provider), *others = found.configs
        made.used.append((made.config, f"configuration of the cluster, by {made.provider}"))
        made.left |= dict.fromkeys((file for file, _ in others), f"the cluster is made of {made.config}")


def _kustomized(made: Draft, found: Found) -> list[_Applied]:
    paths = _selected(made, found.kustomizations)
    taken: set[str] = set()
    applied: list[_Applied] = []
    for path in paths:
        built = kustomize(found.tree, path)
        if built.error:
            made.left[path or "."] = f"kustomize does not build it: {built.error}"
            continue
        remarks = () if built.objects is not None else (_UNKNOWN,)
        sources = [f"{{kustomize: {quoted(made.at(path))}}}"]
        id_ = _id("deploy", path, len(paths) > 1, taken)
        applied.append(_Applied(id_, sources, built.objects or (), facts_of(built.objects or ()), remarks))
        made.used.append((path or ".", "applied by kustomize"))
    return applied


def _manifests(made: Draft, found: Found) -> list[_Applied]:
    by_path = {each.path: each for each in found.directories}
    directories = [by_path[path] for path in _selected(made, by_path)]
    foreign = facts_of([each for directory in directories for each in directory.objects]).foreign
    sources: list[str] = []
    objects: list[Manifest] = []
    for directory in directories:
        needed = next((group for group in facts_of(directory.objects).foreign if group in foreign), None)
        if needed is not None:
            made.left[directory.path or "."] = f"nothing here makes the kinds of {needed}"
            continue
        sources += [quoted(made.at(source)) for source in directory.sources]
        objects += directory.objects
        made.used.append((directory.path or ", ".join(directory.files), "manifests, applied"))
    return [_Applied("deploy", sources, tuple(objects), facts_of(objects))] if sources else []


def _apply(applied: _Applied, builds: Mapping[str, Build]) -> Deployment:
    """Return the task that applies something and waits for it."""
    facts, steps = applied.facts, list[Step]()
    if facts.namespaces:
        steps.append({"kind": "kubernetes.namespace", "names": _quoted(facts.namespaces)})
    apply: Step = {"kind": "kubernetes.apply", "manifests": applied.sources}
    others = {name_of(image): builds[image] for image in facts.images if image in builds}
    if any(build.is_renamed for build in others.values()):
        apply["images"] = [
            f"{{name: {quoted(name)}, newTag: {TAG}}}" for name, build in others.items() if build.is_renamed
        ]
    steps.append(apply | {"timeout": "2m"})
    for namespace in dict.fromkeys([*facts.rollouts, *facts.jobs]):
        wait: Step = {"kind": "kubernetes.wait", "namespace": quoted(namespace)}
        for key, names in (("rollouts", facts.rollouts), ("jobs", facts.jobs)):
            if namespace in names:
                wait[key] = _quoted(names[namespace])
        steps.append(wait | {"timeout": "5m"})
    remarks = [
        f"It needs the kinds of {group}: have a task before it that installs them." for group in facts.foreign
    ]
    remarks += [
        f"{image} is always pulled, and not taken from the node: change its imagePullPolicy."
        for image in facts.always
        if image in builds
    ]
    return Deployment(applied.id, steps, [*remarks, *applied.remarks])


def _charts(made: Draft, found: Found) -> list[Chart]:
    by_path = {chart.path: chart for chart in found.charts}
    charts = [by_path[path] for path in _selected(made, by_path)]
    made.used += [(chart.path or ".", "chart, installed by helm") for chart in charts]
    return charts


def _install(chart: Chart, made: Draft, build: Build | None) -> Deployment:
    """Return the task that installs a chart, with the image that is built for it."""
    path, steps = made.at(chart.path), list[Step]()
    if chart.lacks:
        line = quoted(f"test -d {shlex.quote(path)}/charts")
        argv = ["helm", "dependency", "build", quoted(path)]
        steps.append({"kind": "command", "argv": argv, "unless": line, "timeout": "5m"})
    step: Step = {
        "kind": "helm.install",
        "release": quoted(chart.name),
        "namespace": quoted(made.name),
        "chart": quoted(path),
    }
    if build is not None:
        name = name_of(build.tag)
        repository = name.removeprefix(f"{chart.registry}/") if chart.registry else name
        image = f"repository: {quoted(repository)}, tag: {TAG}, pullPolicy: IfNotPresent"
        step["values"] = f"{{image: {{{image}}}}}"
    steps.append(step | {"timeout": "5m"})
    return Deployment(chart.name, steps)


def _quoted(names: Iterable[str]) -> list[str]:
    return [quoted(name) for name in dict.fromkeys(names)]


def _leave_other_ways(made: Draft, found: Found, way: str) -> None:
    others = {
        KUSTOMIZE: [path or "." for path in found.kustomizations],
        HELM: [chart.path or "." for chart in found.charts],
        MANIFESTS: [each.path or "." for each in found.directories],
    }
    used = {path for path, _ in made.used}
    for other, paths in others.items():
        if other != way:
            reason = f"the plan deploys by {way}" if way else "it is beside the project"
            made.left |= {path: reason for path in paths if path not in used and path not in made.left}


def _choose_images(made: Draft, found: Found, images: Sequence[str]) -> Mapping[str, Build]:
    """Choose the images to build: those that are deployed, else all that are not beside the project.

    Returns:
        The build of each image that is deployed and can be built.
    """
    builds, by_image = matched(found.builds, images, found.name)
    tags: set[str] = set()
    for build in builds:
        wanted = build.is_used if by_image else not is_aside(build.dockerfile)
        if not wanted:
            reason = "nothing that is deployed uses it" if by_image else "it is beside the project"
        elif build.tag in tags:
            reason = f"another one builds {build.tag}"
        elif len(tags) == _MOST:
            reason = f"the plan builds {_MOST} images already"
        else:
            tags.add(build.tag)
            made.builds.append(build)
            made.used.append((build.dockerfile, f"builds {build.tag}"))
            continue
        made.left[build.dockerfile] = reason
    return {image: build for image, build in by_image.items() if build.tag in tags}


def _selected(made: Draft, paths: Iterable[str]) -> list[str]:
    """Return the paths that are deployed: of environments beside each other one, and none that is aside."""
    beside = {path: _is_beside(path) for path in paths}
    made.left |= {path or ".": "it is beside the project" for path, aside in beside.items() if aside}
    by_parent: dict[str, list[str]] = {}
    for path in (path for path, aside in beside.items() if not aside):
        by_parent.setdefault(path.rpartition("/")[0] if "/" in path else f"/{path}", []).append(path)
    found: list[str] = []
    for siblings in by_parent.values():
        best = min(siblings, key=_rank)
        chosen = siblings if _rank(best) == len(ENVIRONMENTS) else [best]
        found += chosen
        made.left |= {path: f"{best} is deployed" for path in siblings if path not in chosen}
    made.left |= dict.fromkeys(found[_MOST:], f"the plan deploys {_MOST} already")
    return found[:_MOST]


def _rank(path: str) -> int:
    """Return the place of an environment's directory among those that are wanted; the last for others."""
    name = path.rpartition("/")[2].lower()
    return ENVIRONMENTS.index(name) if name in ENVIRONMENTS else len(ENVIRONMENTS)


def _id(verb: str, path: str, several: bool, taken: set[str]) -> str:
    """Return the id of a task that deploys a path."""
    parts = [slug(part) for part in path.split("/")]
    telling = [part for part in parts if part and part not in {"k8s", "kustomize", "overlays", *ENVIRONMENTS}]
    return unique(slug(f"{verb}-{telling[-1]}") if several and telling else verb, taken)
