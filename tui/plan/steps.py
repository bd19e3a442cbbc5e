"""The steps that a plan can be made of, one model a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from tui.plan.values import (
    Duration,
    ExistingFile,
    ExistingFolder,
    ExistingPath,
    Frozen,
    OneOrMore,
    PlanPath,
    brief,
    existing_path,
)

URL = "^https?://"
SHA256 = "^[0-9a-fA-F]{64}$"

Names = Annotated[tuple[str, ...], OneOrMore()]


class StepBase(Frozen):
    """What every step has."""

    title: str = Field(
        "", description="What the step does, shown while it runs; made from its kind if absent."
    )
    timeout: Duration | None = Field(None, description="After this long the step has failed.")

    def describe(self) -> str:
        """The step's title, or one made of its kind and its subject."""
        return self.title or " ".join(filter(None, (str(getattr(self, "kind", "")), self._subject())))

    def _subject(self) -> str:
        """What the step is about, in a word or two."""
        return ""


class KindCreate(StepBase):
    """Creates the plan's Kind cluster, or adopts a healthy one of that name."""

    kind: Literal["kind.create"]
    config: ExistingFile | None = Field(None, description="Kind's configuration file; `${…}` is filled in.")
    image: str | None = Field(None, description="Node image; kind's own default if absent.")
    wait: Duration = Field(120.0, description="How long the control plane may take to become ready.")


class KindLoad(StepBase):
    """Loads images from the container engine into the cluster's nodes."""

    kind: Literal["kind.load"]
    images: Names

    def _subject(self) -> str:
        return ", ".join(self.images)


class KindDelete(StepBase):
    """Deletes the plan's Kind cluster and its kubeconfig."""

    kind: Literal["kind.delete"]


class ImageBuild(StepBase):
    """Builds an image in the container engine."""

    kind: Literal["image.build"]
    tag: str
    context: ExistingFolder
    dockerfile: ExistingFile | None = Field(None, description="`Dockerfile` in the context if absent.")
    args: dict[str, str] = Field(default_factory=dict, description="Build arguments.")
    target: str | None = None
    platform: str | None = None

    @model_validator(mode="after")
    def _has_dockerfile(self, info: ValidationInfo) -> ImageBuild:
        if self.dockerfile is None and self.context.is_absolute():
            existing_path(self.context / "Dockerfile", info, "file")
        return self

    def _subject(self) -> str:
        return self.tag


class ImagePull(StepBase):
    """Pulls those images that the container engine does not have."""

    kind: Literal["image.pull"]
    images: Names
    platform: str | None = None

    def _subject(self) -> str:
        return ", ".join(self.images)


def _source(value: str, info: ValidationInfo) -> str:
    return value if value.startswith(("http://", "https://")) else str(existing_path(value, info))


Source = Annotated[str, AfterValidator(_source)]
"""A URL, or a file or folder that must be there when the plan is read."""


class Remote(Frozen):
    """A manifest to fetch, pinned by its checksum."""

    url: str
    sha256: str | None = Field(None, pattern=SHA256)


Manifest = Annotated[
    Annotated[Source, Tag("text")] | Annotated[Remote, Tag("Remote")],
    Discriminator(lambda value: "Remote" if isinstance(value, dict | Remote) else "text"),
]


class KubernetesApply(StepBase):
    """Applies manifests on the server side: namespaces and CRDs first."""

    kind: Literal["kubernetes.apply"]
    manifests: Annotated[tuple[Manifest, ...], Field(min_length=1), OneOrMore()] = Field(
        description="Files, folders and URLs, in order."
    )
    namespace: str | None = Field(None, description="For namespaced objects that name none.")
    substitute: bool = Field(False, description="Fill in `${…}` in files (never in what is fetched).")

    def _subject(self) -> str:
        return ", ".join((m if isinstance(m, str) else m.url).rsplit("/", 1)[-1] for m in self.manifests)


def _rollout(rollout: str) -> str:
    kind, _, name = rollout.partition("/")
    if kind not in {"deployment", "statefulset", "daemonset"} or not name:
        raise ValueError(f"{brief(rollout)} is not deployment/NAME, statefulset/NAME or daemonset/NAME")
    return rollout


Rollout = Annotated[str, AfterValidator(_rollout)]


class KubernetesWait(StepBase):
    """Waits until rollouts are complete; their pods' events and logs stream meanwhile."""

    kind: Literal["kubernetes.wait"]
    rollouts: Annotated[tuple[Rollout, ...], OneOrMore()] = Field(
        description="`deployment/NAME`, `statefulset/NAME` or `daemonset/NAME`."
    )
    namespace: str = "default"

    def _subject(self) -> str:
        return ", ".join(self.rollouts)


class KubernetesProbe(StepBase):
    """Dry-runs an object on the server until the admission webhooks that judge it answer."""

    kind: Literal["kubernetes.probe"]
    manifest: dict[str, Any] = Field(description="The object; it is never stored.")
    interval: Duration = 1.0

    def _subject(self) -> str:
        return str(self.manifest.get("kind", ""))


class KubernetesNamespace(StepBase):
    """Makes sure that namespaces exist."""

    kind: Literal["kubernetes.namespace"]
    names: Names
    labels: dict[str, str] = Field(default_factory=dict)

    def _subject(self) -> str:
        return ", ".join(self.names)


class KubernetesPullSecret(StepBase):
    """Makes an image pull secret from the user's own registry logins, and links it to service accounts."""

    kind: Literal["kubernetes.pull_secret"]
    name: str
    namespace: str
    sources: Annotated[tuple[PlanPath, ...], OneOrMore()] = Field(
        (Path("~/.config/containers/auth.json"), Path("~/.docker/config.json")),
        validate_default=True,
        description="Login files; the first that exists is taken. None of them: a warning.",
    )
    service_accounts: Names = ("default",)

    def _subject(self) -> str:
        return f"{self.namespace}/{self.name}"


class Database(Frozen):
    """A PostgreSQL database in the cluster, reached through a port-forward."""

    service: str
    namespace: str = "default"
    port: Annotated[int, Field(ge=1, le=65535)] = 5432
    user: str
    password: str = Field(repr=False)
    database: str


class PostgresMigrate(StepBase):
    """Applies goose-format migrations that the database has not had."""

    kind: Literal["postgres.migrate"]
    connection: Database
    migrations: ExistingFolder

    def _subject(self) -> str:
        return self.connection.database


class PostgresVerify(StepBase):
    """Checks that tables exist."""

    kind: Literal["postgres.verify"]
    connection: Database
    tables: Names

    def _subject(self) -> str:
        return ", ".join(self.tables)


class HttpCheck(StepBase):
    """Asks a URL until it answers as wanted."""

    kind: Literal["http.check"]
    url: str = Field(pattern=URL)
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: str = ""
    interval: Duration = 1.0

    def _subject(self) -> str:
        return self.url


class Command(StepBase):
    """Runs a program on the host, or a line of shell."""

    kind: Literal["command"]
    argv: tuple[str, ...] = ()
    shell: str = Field("", description="A line for `sh -c`, in place of argv.")
    unless: str = Field("", description="A line of shell; where it succeeds, there is nothing to do.")
    env: dict[str, str] = Field(default_factory=dict)
    folder: ExistingFolder | None = Field(None, description="Where it runs; the plan's folder if absent.")
    files: Annotated[tuple[ExistingPath, ...], OneOrMore()] = Field(
        (), description="Files and folders that it needs: over SSH they, and `folder`, are copied there."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Command:
        if bool(self.argv) == bool(self.shell):
            raise ValueError("a command wants either argv or shell", "shell: a line; argv: a list of words")
        return self

    def _subject(self) -> str:
        return self.shell or " ".join(self.argv)


Step = Annotated[
    KindCreate
    | KindLoad
    | KindDelete
    | ImageBuild
    | ImagePull
    | KubernetesApply
    | KubernetesWait
    | KubernetesProbe
    | KubernetesNamespace
    | KubernetesPullSecret
    | PostgresMigrate
    | PostgresVerify
    | HttpCheck
    | Command,
    Field(discriminator="kind"),
]
