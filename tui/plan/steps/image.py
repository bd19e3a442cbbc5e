"""Steps that build and pull images."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, model_validator

from tui.plan.faults import shown
from tui.plan.steps.base import Prefetch, StepBase
from tui.plan.steps.command import ProgramStep, VariableName
from tui.plan.values import (
    ExistingDirectory,
    ExistingFile,
    Frozen,
    ImageName,
    NewImageName,
    OneOrMore,
    PlanPath,
    existing_path,
)

_PLATFORM = (
    "Platform such as `linux/arm64`; that of DOCKER_DEFAULT_PLATFORM or the container engine's own if absent."
)
_IDENTIFIER = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"


class BuildSecret(Frozen):
    """A secret that `RUN --mount=type=secret,id=…` sees, and that no layer keeps."""

    id: str = Field(pattern=_IDENTIFIER, description="The id by which the Dockerfile asks for it.")
    file: ExistingFile | None = Field(None, description="File that holds it.")
    env: VariableName | None = Field(
        None, description="Environment variable that holds it: of the plan's `environment`, or of bringup's."
    )

    @model_validator(mode="after")
    def _has_one(self) -> BuildSecret:
        if (self.file is None) == (self.env is None):
            raise ValueError(f"the secret {shown(self.id)} has not one place", "give it `file` or `env`")
        return self


class ImageBuild(StepBase):
    """Build an image in the container engine: by itself, or by buildx."""

    action = "tui.actions.image.build:build"
    needs_engine = True
    prefetch: ClassVar[Prefetch] = "at once"
    example = (
        '- {kind: image.build, tag: "shop/web:dev", context: ., dockerfile: build/Dockerfile, timeout: 10m}'
    )

    kind: Literal["image.build"]
    tag: NewImageName = Field(description="The image's name and tag, such as `data-storage:dev`.")
    context: ExistingDirectory = Field(
        description="Directory that the build copies from; `.dockerignore` is honoured."
    )
    dockerfile: ExistingFile | None = Field(None, description="`Dockerfile` in the context if absent.")
    args: dict[str, str] = Field(
        default_factory=dict, description="Build arguments, beside the proxies of Docker's `config.json`."
    )
    target: str | None = Field(None, description="Build stage to stop at; the last one if absent.")
    platform: Annotated[tuple[str, ...], OneOrMore()] | None = Field(
        None,
        description="Platforms such as `linux/arm64`, of which buildx takes several; if absent that of"
        " DOCKER_DEFAULT_PLATFORM, or the container engine's own.",
    )
    builder: str | None = Field(
        None,
        pattern=_IDENTIFIER,
        description="`engine`, `buildx`, or the name of one of buildx's builders, such as a remote one; if"
        " absent buildx where the Dockerfile or a key needs it.",
    )
    secrets: Annotated[tuple[BuildSecret, ...], OneOrMore()] = Field(
        (), description="What `RUN --mount=type=secret` sees; needs buildx."
    )
    ssh: Annotated[tuple[str, ...], OneOrMore()] = Field(
        (),
        description="What `RUN --mount=type=ssh` sees: `default` is the user's agent, `default=PATH` a key;"
        " needs buildx.",
    )

    @model_validator(mode="after")
    def _has_builder(self) -> ImageBuild:
        if self.builder == "engine" and self.buildx_for:
            raise ValueError(f"{self.buildx_for} needs buildx", "leave `builder: engine` out")
        return self

    @model_validator(mode="after")
    def _has_dockerfile(self, info: ValidationInfo) -> ImageBuild:
        if self.dockerfile is None and self.context.is_absolute():
            existing_path(self.context / "Dockerfile", info, "file")
        return self

    def _subject(self) -> str:
        return self.tag

    @property
    def buildx_for(self) -> str:
        """What of it needs buildx, whatever the Dockerfile says; empty if nothing does."""
        wanted = {
            "`builder`": self.builder not in {None, "engine"},
            "`secrets`": bool(self.secrets),
            "`ssh`": bool(self.ssh),
            "more than one `platform`": len(self.platform or ()) > 1,
        }
        return next((name for name, is_wanted in wanted.items() if is_wanted), "")

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


class ImageMake(ProgramStep):
    """Make images by a project's own builder, such as make or ko, and check that they are there then."""

    action = "tui.actions.image.make:make"
    needs_engine = True
    example = '- {kind: image.make, argv: [make, images], images: ["shop/web:dev"], folder: ., timeout: 10m}'

    kind: Literal["image.make"]
    images: Annotated[tuple[ImageName, ...], Field(min_length=1), OneOrMore()] = Field(
        description="Images that the container engine has then, such as `shop/web:dev`."
    )

    def _subject(self) -> str:
        return ", ".join(self.images)

    @property
    def images_made(self) -> tuple[str, ...]:
        """The images that it is to make."""
        return self.images


class ImageImport(StepBase):
    """Import images of an archive into the container engine, unless it has them."""

    action = "tui.actions.image.importing:import_images"
    needs_engine = True
    prefetch: ClassVar[Prefetch] = "at once"
    example = '- {kind: image.import, archive: dist/web.tar.gz, images: ["shop/web:dev"]}'

    kind: Literal["image.import"]
    archive: PlanPath = Field(
        description="Archive of `docker save`, or an OCI layout as a tar; compressed or not."
    )
    images: Annotated[tuple[ImageName, ...], Field(min_length=1), OneOrMore()] = Field(
        description="Images of it that are wanted, such as `shop/web:dev`."
    )

    def _subject(self) -> str:
        return ", ".join(self.images)

    @property
    def images_made(self) -> tuple[str, ...]:
        """The images that are wanted."""
        return self.images
