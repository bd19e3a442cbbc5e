"""Rules on what one step makes and another uses: the cluster, images, manifests and namespaces."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import yaml
from yaml import YAMLError

from tui.plan.document import items
from tui.plan.faults import PlanError, shown
from tui.plan.kubectl_yaml import decode
from tui.plan.lint.commands import namespaces_made
from tui.plan.manifests import KUSTOMIZATIONS, is_remote, local_files, read_bytes, read_file
from tui.plan.namespaces import made_by, used_by
from tui.plan.own_namespaces import GIVEN
from tui.plan.repeated_keys import repeated_keys
from tui.plan.steps import HelmInstall, ImageBuild, KubernetesApply
from tui.plan.steps.cluster import ClusterCreate, ClusterDelete
from tui.plan.steps.command import ProgramStep
from tui.plan.steps.sources import Kustomized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.plan.lint.remark import Level, Remark, StepAt, Subject
    from tui.plan.manifests import Manifest
    from tui.plan.steps import Step


Name = TypeVar("Name", bound=Hashable)


def built_twice(subject: Subject) -> Iterator[Remark]:
    """Remark on images that are built twice, or from the same source as another."""
    builds = [(at, at.step) for at in subject.steps if isinstance(at.step, ImageBuild)]
    for (first, one), (at, other) in combinations(builds, 2):
        if one.tag == other.tag:
            text = f"image {one.tag!r} is built twice, here and in task {first.task.id!r}"
        elif _source(one) == _source(other):
            text = f"image {other.tag!r} is built from what {one.tag!r} is built from"
        else:
            continue
        yield subject.remark(at, "image-built-twice", text, "build it in one task and need that task")


def _source(build: ImageBuild) -> tuple[object, ...]:
    dockerfile = build.dockerfile or build.context / "Dockerfile"
    return build.context, dockerfile, build.args, build.target, build.platform


def cluster_missing(subject: Subject) -> Iterator[Remark]:
    """Remark on the first step of each task that uses a cluster before it is sure to be there."""
    makers: dict[str | None, list[StepAt]] = {}
    for at in subject.steps:
        if at.step.makes_cluster:
            makers.setdefault(at.step.cluster, []).append(at)
    uses = [at for at in subject.steps if at.step.needs_cluster and not isinstance(at.step, ClusterDelete)]
    for at in {(use.task.id, use.step.cluster): use for use in reversed(uses)}.values():
        made = makers.get(at.step.cluster, [])
        if made and at not in made and not any(subject.before(maker, at) for maker in made):
            what = f"cluster {at.step.cluster!r}" if at.step.cluster else "the plan's cluster"
            yield _unordered(subject, at, "cluster-missing", what, made)


def cluster_left(subject: Subject) -> Iterator[Remark]:
    """Remark on clusters that are made and not deleted, where the plan deletes others."""
    plan = subject.loaded.plan
    deleted = {step.cluster for step in plan.down if isinstance(step, ClusterDelete)}
    made = {at.step.cluster: at for at in reversed(subject.steps) if at.step.makes_cluster}
    for name, at in made.items():
        cluster = plan.cluster_of(at.step)
        if deleted and name not in deleted and cluster and not cluster.stands:
            text = f"makes cluster {name!r}, which `down` does not delete"
            hint = f"add `{{kind: cluster.delete, cluster: {name}}}` to `down`"
            yield subject.remark(at, "cluster-left", text, hint)


def manifest_broken(subject: Subject) -> Iterator[Remark]:
    """Remark on files of manifests that are there and cannot be applied.

    A command of the plan may write them anew first; so it is no error of the plan.
    """
    for at in subject.steps:
        if not isinstance(at.step, KubernetesApply):
            continue
        for directory in (each.kustomize for each in at.step.manifests if isinstance(each, Kustomized)):
            if directory.is_dir() and not any((directory / name).exists() for name in KUSTOMIZATIONS):
                text, hint = f"{directory} has no {KUSTOMIZATIONS[0]}", "name the directory that has it"
                yield subject.remark(at, "manifest-broken", text, hint)
        variables = subject.variables(at) if at.step.substitute else None
        files = [*local_files(at.step)]
        known = all(isinstance(each, str) and not is_remote(each) for each in at.step.manifests)
        empty = known and all(map(Path.exists, files)) and bool(at.step.manifests)
        for file in filter(Path.exists, files):
            try:
                found = read_file(file, variables)
                yield from (subject.remark(at, *said) for said in _not_filled_in(found))
                empty = not found and empty
            except PlanError as error:
                empty = False
                for fault in error.faults:
                    text = f"{fault.place}: {fault.cause}"
                    yield subject.remark(at, "manifest-broken", text, fault.hint or "correct the file")
        if empty:
            hint = "check the step's files and directories"
            yield subject.remark(at, "manifest-broken", "its manifests hold no objects", hint)


def _not_filled_in(found: Iterable[Manifest]) -> Iterator[tuple[str, str, str]]:
    """Yield a remark's parts on objects whose names are still to be filled in: no server takes a dollar."""
    for each in found:
        if name := next((name for name in (each.name, each.namespace) if "$" in name), ""):
            text = f"{each.source}: nothing fills in {shown(name)} of the {each.kind}"
            hint = "write ${name} of the plan's variables, and `substitute: true` in the step"
            yield "not-filled-in", text, hint


def key_twice(subject: Subject) -> Iterator[Remark]:
    """Remark on keys that stand twice in what others read, who say nothing: only the last one counts."""
    for at in subject.steps:
        for what, text in _read_by_others(at.step):
            with suppress(YAMLError):  # a rule of its own tells it
                for place, key in repeated_keys(text, what):
                    said = f"{place}: the key {shown(key)} stands twice: what the first one holds is lost"
                    yield subject.remark(at, "key-twice", said, "remove one, or join what they hold")


def _read_by_others(step: Step) -> Iterator[tuple[str, str]]:
    """Yield the YAML of a step's manifests and values and kubeadm's patches, each with what it is."""
    files: Iterable[Path] = ()
    if isinstance(step, KubernetesApply):
        files = local_files(step)
    elif isinstance(step, HelmInstall):
        files = step.files
    for file in filter(Path.is_file, files):
        with suppress(PlanError):  # it cannot be read, which a rule of its own tells
            yield str(file), decode(read_bytes(file), str(file))
    if isinstance(step, ClusterCreate):
        config = step.config
        if isinstance(config, Path):
            with suppress(PlanError, YAMLError):
                config = yaml.load(decode(read_bytes(config), str(config)), Loader=yaml.CSafeLoader)
        for part in (config, *items(config, "nodes")):
            for patch in items(part, "kubeadmConfigPatches"):
                yield "a patch of kubeadm's configuration", str(patch)


def nothing_named(subject: Subject) -> Iterator[Remark]:
    """Remark on steps whose list of what they are for is empty."""
    for at in subject.steps:
        for name, field in type(at.step).model_fields.items():
            if field.is_required() and getattr(at.step, name) == ():
                hint = "name what it is for, or take the step away"
                yield subject.remark(at, "nothing-named", f"does nothing: {name!r} is empty", hint, "advice")


def image_missing(subject: Subject) -> Iterator[Remark]:
    """Remark on images that another task makes and that are not waited for."""
    makers = _by_name((at, at.step.images_made) for at in subject.steps)
    for at in subject.steps:
        for name in at.step.images_used:
            made = makers.get(name, [])
            if made and not any(subject.before(maker, at) for maker in made):
                yield _unordered(subject, at, "image-missing", f"image {name!r}", made)


def namespace_missing(subject: Subject) -> Iterator[Remark]:
    """Remark on namespaces that are used before any step has made them.

    What commands, charts and manifests make that are fetched is not known: of these nothing is remarked on.
    """
    plan = subject.loaded.plan
    steps = [(at, subject.variables(at)) for at in subject.steps]
    found = [(at, made_by(at.step, its, plan.namespaces_of(at.step))) for at, its in steps]
    makers = _by_name((at, _in_clusters(at, names, plan.clusters)) for at, names in found)
    may_make = [at for at, names in found if names is None]
    may_make_any = {  # a program may be at any cluster, what another step fetches is for its own
        cluster: [at for at in may_make if isinstance(at.step, ProgramStep) or at.step.cluster == cluster]
        for cluster in {at.step.cluster for at in subject.steps}
    }
    for at, its in steps:
        unseen = may_make_any[at.step.cluster]
        for name in sorted(used_by(at.step, its, plan.namespaces_of(at.step)) - GIVEN):
            made = makers.get((at.step.cluster, name), [])
            if any(maker == at or subject.before(maker, at) for maker in (*made, *unseen)):
                continue
            earlier = [maker for maker in unseen if subject.phase(maker) < subject.phase(at)]
            if made:
                yield _unordered(subject, at, "namespace-missing", f"namespace {name!r}", made)
            elif not earlier:  # where phases are barriers, these may have made it
                text = f"uses namespace {name!r}, which nothing before it makes"
                hint = "put a `kubernetes.namespace` step before it"
                yield subject.remark(at, "namespace-missing", text, hint)


def _in_clusters(
    at: StepAt, names: Iterable[str] | None, clusters: Iterable[str]
) -> Iterator[tuple[str | None, str]]:
    """Yield the namespaces that a step makes, as far as that is seen, each with its cluster."""
    if names is not None:
        yield from ((at.step.cluster, name) for name in names)
    elif isinstance(at.step, ProgramStep):
        yield from product([name or None for name in clusters], namespaces_made(at.step))


def _by_name(made: Iterable[tuple[StepAt, Iterable[Name]]]) -> dict[Name, list[StepAt]]:
    found: dict[Name, list[StepAt]] = {}
    for at, names in made:
        for name in names:
            found.setdefault(name, []).append(at)
    return found


def _unordered(subject: Subject, at: StepAt, rule: str, what: str, makers: list[StepAt]) -> Remark:
    """Return the remark on something that is used, but not after the step that makes it."""
    maker = makers[0].task.id
    if maker == at.task.id:
        hint = "move the step that makes it before this one"
        return subject.remark(at, rule, f"uses {what}, which only a later step makes", hint)
    text = f"uses {what}, but does not wait for task {maker!r}, which makes it"
    level: Level = "advice" if subject.phase(makers[0]) < subject.phase(at) else "fault"
    if level == "advice":
        text += "; in eager mode they may meet"
    return subject.remark(at, rule, text, f"add {maker!r} to the needs of {at.task.id!r}", level)
