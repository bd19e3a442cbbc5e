"""Steps that build and pull images."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, model_validator

from tui.plan.steps.base import Prefetch, StepBase
from tui.plan.values import ExistingDirectory, ExistingFile, ImageName, OneOrMore, existing_path

_PLATFORM = "Platform such as `linux/arm64`; the container engine's own if absent."


class ImageBuild(StepBase):
    """Build an image in the container engine."""

    action = "tui.actions.image.build:build"
    needs_engine = True
    prefetch: ClassVar[Prefetch] = "at once"
    example = (
        '- {kind: image.build, tag: "shop/web:dev", context: ., dockerfile: build/Dockerfile, timeout: 10m}'
    )

    kind: Literal["image.build"]
    tag: ImageName = Field(description="The image's name and tag, such as `data-storage:dev`.")
    context: ExistingDirectory = Field(
        description="Directory that the build copies from; `.dockerignore` is honoured."
    )
    dockerfile: ExistingFile | None = Field(None, description="`Dockerfile` in the context if absent.")
    args: dict[str, str] = Field(default_factory=dict, description="Build arguments.")
    target: str | None = Field(None, description="Build stage to stop at; the last one if absent.")
    platform: str | None = Field(None, description=_PLATFORM)

    @model_validator(mode="after")
    def _has_dockerfile(self, info: ValidationInfo) -> ImageBuild:
        if self.dockerfile is None and self.context.is_absolute():
            existing_path(self.context / "Dockerfile", info, "file")
        return self

    def _subject(self) -> str:
        return self.tag

    @property
    def images_made(self) -> tuple[str, ...]:
        """The image that it builds."""
        return (self.tag,)


class ImagePull(StepBase):
    """Pull those images that the container engine does not have."""

    action = "tui.actions.image.pull:pull"
    needs_engine = True
    prefetch: ClassVar[Prefetch] = "at once"
    example = '- {kind: image.pull, images: ["postgres:16", "redis:7"]}'

    kind: Literal["image.pull"]
    images: Annotated[tuple[ImageName, ...], OneOrMore()] = Field(
        description="Images such as `redis:7` or `ghcr.io/owner/name:tag`."
    )
    platform: str | None = Field(None, description=_PLATFORM)

    def _subject(self) -> str:
        return ", ".join(self.images)

    @property
    def images_made(self) -> tuple[str, ...]:
        """The images that it pulls."""
        return self.images
