"""Kubernetes objects in a directory's files, and what a plan has to know of them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.plan.faults import PlanError
from tui.plan.kubectl_yaml import decode
from tui.plan.manifests import KUSTOMIZATIONS, manifest_files, read_objects
from tui.plan.own_namespaces import GIVEN
from tui.plan.steps.references import OBJECT_NAME, Namespace
from tui.plan.values import ImageName
from tui.starter.names import is_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.plan.manifests import Manifest
    from tui.starter.tree import Tree

_SUFFIXES = (".yaml", ".yml", ".json")
_MOST_BYTES = 1 << 21
_MOST_FILES = 2000
_ROLLOUTS = {"Deployment", "StatefulSet", "DaemonSet"}
_BUILT_IN = {"", "apps", "autoscaling", "batch", "extensions", "policy"} | {
    f"{group}.k8s.io"
    for group in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *(
            "certificates",
            "coordination",
            "discovery",
            "events",
            "networking",
            "node",
            "scheduling",
            "storage",
        ),
        *("flowcontrol.apiserver", "rbac.authorization"),
    )
}
_NO_MANIFESTS = re.compile(rb"^\s*(?:kind:\s*(?:Kustomization|Component)\b|phases:)", re.MULTILINE)
_IS_MANIFEST = re.compile(rb"""^\s*["']?apiVersion["']?\s*:""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory with manifests.

    Attributes:
        path: Its path; empty for the root.
        files: Its manifests.
        objects: The objects in them.
        is_whole: Whether all of it can be applied: nothing else that looks like a manifest is in it.
    """

    path: str
    files: tuple[str, ...]
    objects: tuple[Manifest, ...]
    is_whole: bool

    @property
    def sources(self) -> list[str]:
        """What a plan names to apply it."""
        return [f"{self.path}/"] if self.is_whole and self.path else list(self.files)


@dataclass(slots=True)
class Facts:
    """What a plan has to know of objects.

    Attributes:
        images: The images that their pods use, once each.
        always: Those of them that are pulled each time a pod starts.
        namespaces: The namespaces that they need and do not make.
        rollouts: What is rolled out, as KIND/NAME, by namespace.
        jobs: Jobs by namespace.
        foreign: The API groups that they need and that nothing here makes.
    """

    images: dict[str, None] = field(default_factory=dict)
    always: dict[str, None] = field(default_factory=dict)
    namespaces: dict[str, None] = field(default_factory=dict)
    rollouts: dict[str, list[str]] = field(default_factory=dict)
    jobs: dict[str, list[str]] = field(default_factory=dict)
    foreign: dict[str, None] = field(default_factory=dict)


def find_directories(tree: Tree, without: Iterable[str]) -> tuple[list[Directory], dict[str, str]]:
    """Return the directories whose files are manifests, and what cannot be applied, with the reason.

    Args:
        tree: The files.
        without: Directories that are no manifests with all that is in them, such as charts.
    """
    apart = tuple(f"{each}/" for each in without)
    found: list[Directory] = []
    left: dict[str, str] = {}
    looked = 0
    for directory, names in tree.by_directory.items():
        files = [f"{directory}/{name}".lstrip("/") for name in names if name.endswith(_SUFFIXES)]
        if f"{directory}/".startswith(apart) or not files or looked > _MOST_FILES:
            continue
        looked += len(files)
        objects = {file: read for file in files if (read := _read(tree, file, left))}
        if objects:
            there = {path.name for path in manifest_files(tree.root / directory)}
            is_whole = there == {file.rpartition("/")[2] for file in objects}
            every = tuple(each for read in objects.values() for each in read)
            found.append(Directory(directory, tuple(objects), every, is_whole))
    return found, left


def _read(tree: Tree, file: str, left: dict[str, str]) -> list[Manifest]:
    if file.rpartition("/")[2] in KUSTOMIZATIONS:
        return []
    data = tree.read(file, _MOST_BYTES)
    with suppress(PlanError):
        data = decode(data, file).encode()
    if not _IS_MANIFEST.search(data) or _NO_MANIFESTS.search(data):
        return []
    try:
        found = read_objects(data, file)
    except PlanError as error:
        if b"kind" in data and not _is_other(data):
            left[file] = error.faults[0].cause
        return []
    except RecursionError:
        return []
    if any(_is_tool(each.api_version) for each in found):
        return []
    for each in found:
        if reason := _reason(each):
            left[file] = reason
            return []
    return found


def _is_other(data: bytes) -> bool:
    """Return whether a file that has an apiVersion is of a tool, and no object."""
    return any(word in data for word in (b"skaffold/", b"kind.x-k8s.io", b"apiVersion: v2", b"bringup/"))


def _is_tool(api_version: str) -> bool:
    return api_version.partition("/")[0] in {
        "skaffold",
        "kind.x-k8s.io",
        "kustomize.config.k8s.io",
        "ctlptl.dev",
    }


def _reason(each: Manifest) -> str:
    """Return why an object cannot be applied; empty if it can."""
    if "$" in each.namespace + each.name:
        return "holds variables, which nothing has filled in: `substitute: true` fills in those of a plan"
    if each.namespace and not is_valid(Namespace, each.namespace):
        return f"the {each.kind} is in {each.namespace!r}, which is no namespace's name"
    if each.kind in _ROLLOUTS | {"Job", "Namespace"} and not OBJECT_NAME.fullmatch(each.name):
        return f"{each.name!r} is no {each.kind}'s name"
    if each.kind == "Namespace" and not is_valid(Namespace, each.name):
        return f"{each.name!r} is no namespace's name"
    return ""


def facts_of(objects: Sequence[Manifest]) -> Facts:
    """Return what a plan has to know of objects."""
    facts = Facts()
    made = {each.name for each in objects if each.kind == "Namespace"}
    groups = {
        str(_at(each.body, "spec", "group")) for each in objects if each.kind == "CustomResourceDefinition"
    }
    for each in objects:
        where = each.namespace or "default"
        for image, policy in _images(each.body):
            if is_valid(ImageName, image):
                facts.images[image] = None
                facts.always |= {image: None} if policy == "Always" else {}
        if each.namespace and each.namespace not in GIVEN | made:
            facts.namespaces[each.namespace] = None
        group = each.api_version.rpartition("/")[0]
        if group not in _BUILT_IN | groups:
            facts.foreign[group] = None
        if each.kind in _ROLLOUTS and group == "apps":
            facts.rollouts.setdefault(where, []).append(f"{each.kind.lower()}/{each.name}")
        elif each.kind == "Job" and each.name:
            facts.jobs.setdefault(where, []).append(each.name)
    return facts


def _images(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the images of pods in an object, each with its pull policy."""
    if isinstance(value, list):
        for item in value:
            yield from _images(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            for each in item if key in {"containers", "initContainers"} and isinstance(item, list) else ():
                if isinstance(each, dict) and isinstance(each.get("image"), str):
                    yield each["image"], each.get("imagePullPolicy")
            yield from _images(item)


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL server that is deployed, and how one logs in.

    Attributes:
        service: Its Service.
        namespace: The Service's namespace.
        port: The Service's port.
        user: A user.
        password: The user's password.
        database: A database.
    """

    service: str
    namespace: str
    port: int
    user: str
    password: str
    database: str


def find_database(objects: Sequence[Manifest]) -> Database | None:
    """Return the PostgreSQL server among some objects, if there is one with a Service and written logins."""
    services = [
        (each, port)
        for each in objects
        if each.kind == "Service"
        for port in [_at(each.body, "spec", "ports")]
        if isinstance(port, list) and port and isinstance(port[0], dict) and port[0].get("port") == 5432
    ]
    for each in objects:
        containers = _at(each.body, "spec", "template", "spec", "containers")
        for container in containers if isinstance(containers, list) else ():
            login = _login(container)
            if login is None:
                continue
            for service, _ in services:
                if service.namespace == each.namespace:
                    return Database(service.name, service.namespace or "default", 5432, *login)
    return None


def _login(container: Any) -> tuple[str, str, str] | None:
    """Return user, password and database of a container of PostgreSQL; None if they are not written there."""
    image, env = _at(container, "image"), _at(container, "env")
    if not isinstance(image, str) or "postgres" not in image or not isinstance(env, list):
        return None
    values = {each.get("name"): each.get("value") for each in env if isinstance(each, dict)}
    password = values.get("POSTGRES_PASSWORD")
    user = values.get("POSTGRES_USER", "postgres")
    found = (user, password, values.get("POSTGRES_DB", user))
    usable = all(isinstance(each, str) and each and each.isprintable() and "$" not in each for each in found)
    return found if usable else None  # type: ignore[return-value]
