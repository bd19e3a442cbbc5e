"""Kubernetes objects in files and directories, as `kubectl -f` takes them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.plan.contents import DECRYPT
from tui.plan.faults import Place, PlanError
from tui.plan.kubectl_yaml import read_values
from tui.plan.steps import Inline, Kustomized, Remote
from tui.plan.values import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tui.plan.own_namespaces import Namespaces
    from tui.plan.steps import KubernetesApply

THE_PLAN = "the plan"
"""The source of objects that are written in the plan, or made by what is."""

_SUFFIXES = {".yaml", ".yml", ".json"}
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What a file that is written for kustomize may be called."""
_MOST_BYTES = 1 << 24
_CONFIGURATIONS = re.compile(
    r"(?:kubeadm|audit|\w+\.config)\.k8s\.io/|kind\.x-k8s\.io/|k3d\.io/|ctlptl\.dev/|skaffold/"
)
_SHAPE = "an object is a mapping with apiVersion, kind and metadata"


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object that is to be in the cluster.

    Attributes:
        body: The object.
        source: Where it is written, as `FILE:LINE`.
    """

    body: dict[str, Any]
    source: str

    @property
    def kind(self) -> str:
        """Its kind, such as `Deployment`."""
        return str(self.body["kind"])

    @property
    def api_version(self) -> str:
        """Its group and version, such as `apps/v1`."""
        return str(self.body["apiVersion"])

    @property
    def name(self) -> str:
        """Its name; empty where the server is to make one of `generateName`."""
        return str(self.body["metadata"].get("name") or "")

    @property
    def namespace(self) -> str:
        """The namespace that it names; empty where it names none."""
        return str(self.body["metadata"].get("namespace") or "")

    @property
    def title(self) -> str:
        """Its name as kubectl writes it: `deployment.apps/postgresql`."""
        group = self.api_version.rpartition("/")[0]
        name = self.name or f"{self.body['metadata']['generateName']}…"
        return f"{self.kind.lower()}{'.' if group else ''}{group}/{name}"


def is_remote(source: str) -> bool:
    """Return whether a manifest is to be fetched."""
    return source.startswith(("http://", "https://"))


def is_known(source: object) -> bool:
    """Return whether what a source makes is known beforehand: not if it is fetched or built."""
    return not isinstance(source, Remote | Kustomized) and not (isinstance(source, str) and is_remote(source))


def inline_objects(step: KubernetesApply) -> list[Manifest]:
    """Return the objects of a step that are written in the plan itself."""
    return [Manifest(each.object, THE_PLAN) for each in step.manifests if isinstance(each, Inline)]


def local_files(step: KubernetesApply) -> Iterator[Path]:
    """Return the files of a step that are on this machine, in the order in which they are applied."""
    for source in step.manifests:
        if isinstance(source, str) and not is_remote(source):
            yield from manifest_files(Path(source), recursive=step.recursive)


def with_namespaces(manifests: Sequence[Manifest], namespaces: Namespaces | None) -> list[Manifest]:
    """Return manifests with their namespaces as a plan's are named."""
    if namespaces is None:
        return list(manifests)
    return [replace(each, body=namespaces.placed(each.body)) for each in manifests]


def manifest_files(path: Path, *, recursive: bool = False) -> list[Path]:
    """Return a file itself, a directory's manifests by name, or those of all that a pattern matches.

    Args:
        path: The file, directory or pattern.
        recursive: Whether those of directories in a directory belong to it; links are not followed then.
    """
    try:
        if not os.path.lexists(path) and (found := matches(path)):
            return [file for each in found for file in manifest_files(each, recursive=recursive)]
        if path.is_dir():
            return list(_manifests_in(path, recursive))
    except OSError:
        pass  # reading it as a file says why it cannot be read
    return [path]


def _manifests_in(directory: Path, recursive: bool) -> Iterator[Path]:
    for each in sorted(directory.iterdir()):
        if each.is_dir():
            if recursive and not each.is_symlink():
                yield from _manifests_in(each, recursive)
        elif each.suffix in _SUFFIXES:
            yield each


def nested_directories(path: Path) -> list[Path]:
    """Return the directories in a directory that hold manifests, and are left out."""
    try:
        inner = sorted(each for each in path.iterdir() if each.is_dir()) if path.is_dir() else []
        return [each for each in inner if any(file.suffix in _SUFFIXES for file in each.iterdir())]
    except OSError:
        return []


def read_file(path: Path, variables: Mapping[str, Any] | None = None) -> list[Manifest]:
    """Read the objects of a file.

    Raises:
        PlanError: The file cannot be read, or its content cannot; see `read_objects`.
    """
    place = Place(str(path), 0)
    if path.name in KUSTOMIZATIONS:
        hint = f"name its directory: manifests: [{{kustomize: {path.parent.name}}}]"
        raise PlanError.at(place, "is written for kustomize, and is no Kubernetes object", hint)
    return read_objects(read_bytes(path), str(path), variables)


def read_bytes(path: Path) -> bytes:
    """Read a file of reasonable size.

    Raises:
        PlanError: The file cannot be read, is no regular file, or is larger than 16 MiB.
    """
    place = Place(str(path), 0)
    try:
        if path.exists() and not path.is_file():
            raise PlanError.at(place, "is not a file", "name a file, or a directory that holds files")
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise PlanError.at(place, f"cannot be read: {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise PlanError.at(place, "is larger than 16 MiB", "is this the right file?")
    return content


def read_objects(data: bytes, source: str, variables: Mapping[str, Any] | None = None) -> list[Manifest]:
    """Read the objects of a manifest; those of a `List` one by one.

    Args:
        data: YAML documents, or JSON.
        source: The manifest's name in errors.
        variables: What `${…}` is filled in from; None leaves it as it is written.

    Raises:
        PlanError: The data is no YAML or JSON, a value in it is no object, or a reference is undefined.
    """
    values = read_values(data, source, variables)
    return [found for place, value in values for found in _objects(value, place)]


def _objects(value: Any, place: Place) -> Iterator[Manifest]:
    if not isinstance(value, dict):
        raise PlanError.at(place, f"this is {_described(value)}, not a Kubernetes object", _SHAPE)
    kind, version = str(value.get("kind") or ""), value.get("apiVersion")
    items = value.get("items")
    if isinstance(items, list) or (kind.endswith("List") and "items" in value):
        given = {"apiVersion": version, "kind": kind.removesuffix("List")} if kind != "List" else {}
        for item in items or ():
            yield from _objects({**given, **item} if isinstance(item, dict) else item, place)
    else:
        _check(value, place)
        yield Manifest(value, f"{place.file}:{place.line}")


def _check(value: dict[str, Any], place: Place) -> None:
    """Refuse an object that kubectl could not send."""
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise PlanError.at(place, f"the object has no {key}", _SHAPE)
    kind, metadata = value["kind"], value.get("metadata")
    if value["apiVersion"].startswith("kustomize.config.k8s.io/"):
        hint = f"name its directory: manifests: [{{kustomize: {Path(place.file).parent.name}}}]"
        raise PlanError.at(place, f"the {kind} is written for kustomize", hint)
    if isinstance(value.get("sops"), dict):
        raise PlanError.at(place, f"the {kind} is encrypted by SOPS", DECRYPT)
    if _CONFIGURATIONS.match(value["apiVersion"]):
        hint = "take it out of the manifests, and give it to that program"
        raise PlanError.at(place, f"the {kind} configures a program, and is no Kubernetes object", hint)
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        raise PlanError.at(place, f"the {kind} has no metadata.name", "give it a name: it is applied by it")
    for key in ("name", "generateName", "namespace"):
        if metadata.get(key) is not None and not isinstance(metadata[key], str):
            cause = f"the {kind}'s metadata.{key} is {_described(metadata[key])}, not text"
            raise PlanError.at(place, cause, "put quotes around it")


def _described(value: Any) -> str:
    """Return what a value is, and not the value, which may be filled in and secret."""
    if isinstance(value, bool):
        return "true or false"
    kinds = {list: "a list", dict: "a mapping", str: "plain text", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")
