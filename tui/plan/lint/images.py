"""Whether nodes run the images that a plan loads into them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tui.plan.faults import PlanError
from tui.plan.namespaces import objects_of
from tui.plan.replacing import with_images
from tui.plan.steps import ImageBuild, ImageDeliver, ImageImport, ImageMake, KubernetesApply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.lint.remark import Remark, Subject
    from tui.plan.manifests import Manifest


def pulled_always(subject: Subject) -> Iterator[Remark]:
    """Remark on containers that pull an image which the plan makes and loads: no registry has it.

    A node does so for `:latest` unless it is told otherwise.
    """
    plan = subject.loaded.plan
    made = {
        _tagged(name)
        for at in subject.steps
        if isinstance(at.step, ImageBuild | ImageMake | ImageImport)
        for name in at.step.images_made
    }
    loaded = {
        (at.step.cluster, name)
        for at in subject.steps
        if isinstance(at.step, ImageDeliver)
        for name in made & {*map(_tagged, at.step.images)}
    }
    for at in subject.steps:
        cluster = plan.cluster_of(at.step)
        if not (loaded and isinstance(at.step, KubernetesApply)) or cluster is None:
            continue
        if cluster.stands or cluster.registry:  # it may name them as they are in the registry
            continue
        objects: list[Manifest] = []
        with suppress(PlanError):  # a rule of its own tells what cannot be read
            objects, _ = with_images(objects_of(at.step, subject.variables(at)), at.step.images)
        for each in objects:
            for container in _containers(each.body):
                image = _tagged(container["image"])
                if (at.step.cluster, image) in loaded and _is_pulled(container, image):
                    text = f"{each.source}: {each.title} pulls {image}, which is only loaded into the nodes"
                    hint = "set `imagePullPolicy: IfNotPresent`, or tag the image otherwise than `latest`"
                    yield subject.remark(at, "pulled-always", text, hint)


def _is_pulled(container: dict[str, Any], image: str) -> bool:
    policy = container.get("imagePullPolicy") or ("Always" if image.endswith(":latest") else "")
    return bool(policy == "Always")


def _tagged(image: str) -> str:
    """Return an image's name with its tag, without what is the same where it is left out."""
    image = image.removeprefix("docker.io/").removeprefix("library/")
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"


def _containers(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the containers of an object that name an image."""
    if isinstance(value, list):
        for item in value:
            yield from _containers(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _containers(item)
            if key in ("containers", "initContainers") and isinstance(item, list):
                yield from (c for c in item if isinstance(c, dict) and isinstance(c.get("image"), str))
