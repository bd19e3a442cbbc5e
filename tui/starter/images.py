"""Dockerfiles, and the names of the images that they are for."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from tui.actions.image.dockerfile import instructions
from tui.starter.names import image_name, slug
from tui.starter.tree import ENVIRONMENTS, is_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tui.starter.tree import Tree

TAG = "dev"
"""The tag of all that is built: a kubelet takes it from its node, where it would pull `latest` anew."""

_NAME = re.compile(
    r"(?i:dockerfile|containerfile)(?:[.-](?P<after>[\w.-]+))?|(?P<before>[\w.-]+)\.(?i:dockerfile)"
)
_NO_BUILD = {
    "bak",
    "dockerignore",
    "in",
    "j2",
    "jinja",
    "md",
    "orig",
    "template",
    "tmpl",
    "tpl",
    "txt",
    "yaml",
    "yml",
}
_MOST_BYTES = 1 << 18
_MOVING = {"", "canary", "ci", "dev", "e2e", "edge", "latest", "local", "main", "master", "snapshot", "test"}
_PUBLIC = {
    *(
        "alpine",
        "busybox",
        "curl",
        "debian",
        "elasticsearch",
        "grafana",
        "httpbin",
        "kafka",
        "kube-rbac-proxy",
    ),
    *("localstack", "mariadb", "memcached", "minio", "mongo", "mysql", "nats", "nginx", "pause", "postgres"),
    *("prometheus", "python", "rabbitmq", "redis", "traefik", "ubuntu", "valkey", "vault", "zookeeper"),
}
_REFERENCE = re.compile(r"(?P<name>[^@\s]+?)(?::(?P<tag>\w[\w.-]*))?(?P<digest>@\S+)?")


@dataclass(frozen=True, slots=True)
class Build:
    """An image that can be built.

    Attributes:
        name: What it is called for people, and its task.
        dockerfile: Its Dockerfile.
        context: The directory that it copies from; empty for the root.
        tag: The image's name and tag.
        is_used: Whether what is deployed names it.
        is_renamed: Whether that has another tag.
        is_sure: Whether all that it copies is in its context.
    """

    name: str
    dockerfile: str
    context: str
    tag: str
    is_used: bool = False
    is_renamed: bool = False
    is_sure: bool = True


def find_builds(tree: Tree, project: str) -> list[Build]:
    """Return the images that Dockerfiles build, those that are aside last."""
    found: list[Build] = []
    for file in tree.files:
        directory, _, base = file.rpartition("/")
        named = _NAME.fullmatch(base)
        if named is None or base.rpartition(".")[2].lower() in _NO_BUILD:
            continue
        steps = list(instructions(tree.read(file, _MOST_BYTES)))
        if not steps or steps[0].name not in {"ARG", "FROM"}:
            continue  # a template, or a program of that name
        context, is_sure = _context(
            tree.root, directory, [step.rest for step in steps if step.name in {"COPY", "ADD"}]
        )
        variant = (named["after"] or named["before"] or "").lower()
        variant = "" if variant in ENVIRONMENTS else variant
        own = directory if context == directory else directory.removeprefix(context).strip("/")
        about = variant or slug((own or context).rpartition("/")[2]) or project
        name = slug(about if about.lower() not in {"build", "docker", "package"} else project) or project
        tag = image_name(project, name)
        found.append(Build(name, file, context, f"{tag}:{TAG}", is_sure=is_sure))
    return sorted(found, key=lambda each: is_aside(each.dockerfile))


def _context(root: Path, directory: str, copies: Sequence[str]) -> tuple[str, bool]:
    """Return the nearest directory that has all that a Dockerfile copies, and whether there is one."""
    sources = list(chain.from_iterable(map(_sources, copies)))
    at = directory
    while True:
        if all(_is_there(root / at, source) for source in sources):
            return at, True
        if not at:
            return directory, False
        at = at.rpartition("/")[0]


def _sources(copy: str) -> list[str]:
    """Return what an instruction copies from the context."""
    try:
        words = shlex.split(copy.strip().removeprefix("[").removesuffix("]").replace('",', '" '))
    except ValueError:
        return []
    if any(word.startswith("--from") for word in words):
        return []
    paths = [word for word in words if not word.startswith("--")][:-1]
    return [
        path
        for path in paths
        if "$" not in path and "://" not in path and not path.startswith(("<<", "git@"))
    ]


def _is_there(context: Path, source: str) -> bool:
    path = source.strip("/")
    try:
        return not path or (context / path).exists() or any(context.glob(path))
    except (OSError, ValueError, NotImplementedError, IndexError):
        return False


def matched(
    builds: Sequence[Build], images: Iterable[str], project: str
) -> tuple[list[Build], dict[str, Build]]:
    """Give builds the names that what is deployed has for them.

    Args:
        builds: What can be built.
        images: The images that what is deployed names.
        project: The project's name.

    Returns:
        The builds, and which of them each image is, by the image's name in what is deployed.
    """
    builds = list(builds)
    free = [image for image in dict.fromkeys(images) if _parts(image)]
    found: dict[str, Build] = {}

    def take(image: str, build: Build) -> None:
        name, written, _ = _parts(image) or ("", "", "")
        made = replace(build, tag=f"{name}:{TAG}", is_used=True, is_renamed=written != TAG)
        builds[builds.index(build)] = found[image] = made
        free.remove(image)

    for is_like in (_is_same, _is_end):
        for build in [each for each in builds if not each.is_used]:
            names = {build.name, f"{project}-{build.name}"}
            image = next((each for each in free if any(is_like(_last(each), name) for name in names)), None)
            if image is not None:
                take(image, build)
    unused = [build for build in builds if not build.is_used and not is_aside(build.dockerfile)]
    ours = [image for image in free if _is_ours(image)]
    if len(unused) == len(ours) == 1:
        take(ours[0], unused[0])
    return builds, found


def _is_same(image: str, name: str) -> bool:
    return image == name


def _is_end(image: str, name: str) -> bool:
    """Return whether one name ends with the other: `shop-api` and `api`."""
    return image.endswith(f"-{name}") or name.endswith(f"-{image}")


def name_of(image: str) -> str:
    """Return an image's name without tag and digest."""
    return (_parts(image) or ("", "", ""))[0]


def is_pinned(image: str) -> bool:
    """Return whether an image is named by its digest."""
    return "@" in image


def _is_ours(image: str) -> bool:
    _, tag, digest = _parts(image) or ("", "", "")
    return not digest and tag in _MOVING and _last(image) not in _PUBLIC


def _last(image: str) -> str:
    return name_of(image).rpartition("/")[2]


def _parts(image: str) -> tuple[str, str, str] | None:
    found = _REFERENCE.fullmatch(image)
    return (found["name"], found["tag"] or "", found["digest"] or "") if found else None
