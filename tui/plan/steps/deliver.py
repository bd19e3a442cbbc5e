"""Steps that get images to where others pull or run them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tui.plan.steps.base import Names, Prefetch, StepBase
from tui.plan.values import NewImageName, OneOrMore


class _Delivery(StepBase):
    """Works on images that the container engine has."""

    needs_engine = True

    images: Names

    def _subject(self) -> str:
        return ", ".join(self.images)

    @property
    def images_used(self) -> tuple[str, ...]:
        """The images that it takes from the container engine."""
        return self.images


class ImageDeliver(_Delivery):
    """Get images to the cluster: into the nodes of kind or k3d, or by its registry, as it is."""

    action = "tui.actions.image.deliver:deliver"
    example = '- {kind: image.deliver, images: [shop/web:dev, "redis:7"]}'
    needs_cluster = True
    on_cluster_host = True
    prefetch: ClassVar[Prefetch] = "nodes"

    kind: Literal["image.deliver", "kind.load"]
    images: Names = Field(description="Images that the container engine has, such as `redis:7`.")


class ImagePush(_Delivery):
    """Push images to the registries that they are named after, with the user's own logins."""

    action = "tui.actions.image.push:push"
    example = "- {kind: image.push, images: registry.example.com/shop/web:dev}"

    kind: Literal["image.push"]
    images: Annotated[tuple[NewImageName, ...], OneOrMore()] = Field(
        description="Images that the container engine has, such as `registry.example.com/shop/web:dev`."
    )
