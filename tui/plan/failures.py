"""The catalogue of known failures: what programs and servers say, and what helps against it.

A newly known failure is one entry in `KNOWN`. Its name can stand under a task's `retry.signatures`: a retry
names the failures that it applies to, since one that applies to all hides flakes and destroys the diagnosis.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from tui.plan.values import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        hint = "close all brackets, and put a backslash before a character that is meant as it is"
        raise ValueError(f"not a regular expression: {error}", hint) from error
    return pattern


class Signature(Frozen):
    """A failure recognised by its text, and what helps against it."""

    pattern: Annotated[str, Field(min_length=1), AfterValidator(_compiles)] = Field(
        description="Regular expression, searched for in the error and the last lines."
    )
    hint: str = Field("", description="What helps against it, shown when the task has failed.")


class Known(Signature):
    """An entry of the catalogue.

    Attributes:
        scopes: Where it is looked for: a step's kind such as `kind.create`, the first word of kinds such as
            `kind`, or `pod`, for the state of a pod. Everywhere if empty.
    """

    scopes: tuple[str, ...] = ()

    def is_for(self, scope: str) -> bool:
        """Return whether it is looked for in a scope."""
        return not self.scopes or any(f"{scope}.".startswith(f"{each}.") for each in self.scopes)


def _known(*patterns: str, hint: str, scopes: tuple[str, ...] = ()) -> Known:
    return Known(pattern="(?is)" + "|".join(patterns), hint=hint, scopes=scopes)


_STATUS = r"\b(?:status|http(?:/\d(?:\.\d)?)?|code|answered)\W{0,3}(?:code\W{0,3})?"
_IMAGES = ("image", "kind")

# The first entry that a text shows is taken: what says more of the cause stands above what says less.
KNOWN: dict[str, Known] = {
    "rate-limit": _known(
        "toomanyrequests|too many requests|rate.limit(?!er)",
        rf"{_STATUS}429\b",
        hint="the server limits pulls: log in to it (`docker login`), or wait for the limit to pass",
    ),
    # What a pod's object says of its state.
    "out-of-memory": _known(
        "OOMKilled",
        scopes=("pod",),
        hint="the container needs more memory than its limit: raise resources.limits.memory",
    ),
    "pull-always": _known(
        r"(?:ErrImagePull|ImagePullBackOff).*imagePullPolicy: Always",
        scopes=("pod",),
        hint="imagePullPolicy is Always, as it is by default for `:latest`: the node does not use the image "
        "that kind.load loaded; set `imagePullPolicy: IfNotPresent`, or check the name and pull secret",
    ),
    "pod-image": _known(
        "ErrImagePull|ImagePullBackOff",
        scopes=("pod",),
        hint="check the image's name, load it with a `kind.load` step, or add a pull secret for its registry",
    ),
    "image-name": _known(
        "InvalidImageName", scopes=("pod",), hint="correct the image's name in the manifest"
    ),
    "pull-never": _known(
        "ErrImageNeverPull",
        scopes=("pod",),
        hint="the image is not on the node and may not be pulled: put a `kind.load` step before this one",
    ),
    "container-config": _known(
        "CreateContainerConfigError",
        scopes=("pod",),
        hint="apply the Secret or ConfigMap that the container refers to first",
    ),
    "claim-missing": _known(
        r'persistentvolumeclaim "?[^" ]*"? (?:not found|is being deleted)',
        scopes=("pod",),
        hint="apply the PersistentVolumeClaim that the pod names first, in the pod's namespace",
    ),
    "claim-unbound": _known(
        "unbound immediate PersistentVolumeClaims|didn't find available persistent volumes",
        "volume node affinity conflict",
        scopes=("pod",),
        hint="no volume can be bound to the pod's claim: correct its storageClassName and access mode; "
        "kubectl describe pvc says more",
    ),
    "resources": _known(
        r"insufficient (?:cpu|memory|ephemeral-storage|pods)",
        scopes=("pod",),
        hint="the nodes have too little left: lower the pod's requests, or give the container engine more",
    ),
    "unschedulable": _known(
        "Unschedulable|nodes? (?:are|is) available",
        scopes=("pod",),
        hint="no node takes the pod: correct its nodeSelector, affinity and tolerations",
    ),
    # What the API server answers; texts begin with its status.
    "namespace-missing": _known(
        r"status 404.*\bnamespaces? \"",
        scopes=("kubernetes",),
        hint="the namespace must exist first: apply it, or put a `kubernetes.namespace` step before this one",
    ),
    "namespace-terminating": _known(
        "being terminated",
        scopes=("kubernetes",),
        hint="the namespace is being deleted: wait until it is gone, then try again",
    ),
    "webhook": _known(
        "failed calling webhook|conversion webhook for .+? failed|no endpoints available for service",
        hint="a webhook is not answering yet although its Deployment is Available: "
        "put a `kubernetes.probe` step before this one",
    ),
    "webhook-denied": _known(
        "admission webhook .* denied the request|violates PodSecurity",
        scopes=("kubernetes",),
        hint="a policy of the cluster refuses the object: change what the message names, or the policy",
    ),
    "quota": _known(
        "exceeded quota",
        scopes=("kubernetes",),
        hint="raise the namespace's ResourceQuota, or lower what the object requests",
    ),
    "immutable": _known(
        r"immutable|may not change once set|updates to \S+ spec for fields other than",
        "spec is invalid after creation|may not be changed|cannot be changed",
        scopes=("kubernetes",),
        hint="a field of an object that exists cannot be changed: delete the object, then apply it anew",
    ),
    "server-fields": _known(
        r"resourceVersion|managedFields|Precondition failed: UID|\buid mismatch\b",
        scopes=("kubernetes",),
        hint="the manifest has fields that only the server writes: "
        "remove uid, resourceVersion and managedFields from its metadata",
    ),
    "unknown-field": _known(
        "unknown field|field not declared in schema",
        scopes=("kubernetes",),
        hint="correct the field's name and its place in the manifest: kubectl explain lists what a kind has",
    ),
    "too-large": _known(
        r"request is too large|status 413\b|Too long: must have at most",
        scopes=("kubernetes",),
        hint="the object is too large for the API server: split it",
    ),
    "conflict": _known(
        r"status 409\b",
        scopes=("kubernetes",),
        hint="another program changes the same object: stop it, or leave it the fields that are named",
    ),
    "invalid": _known(
        r"status 422\b|failed to (?:create (?:typed|manager)|convert)",
        scopes=("kubernetes",),
        hint="correct the field that the message names: kubectl explain says what it takes",
    ),
    "unauthorized": _known(
        r"status 401\b",
        scopes=("kubernetes",),
        hint="the kubeconfig's user is not known to this cluster: is it an earlier cluster's kubeconfig?",
    ),
    "forbidden": _known(
        r"status 403\b", scopes=("kubernetes",), hint="the kubeconfig's user may not do this"
    ),
    # SQLSTATEs.
    "database-login": _known(
        r"\((?:28000|28P01|3D000)\)",
        scopes=("postgres",),
        hint="a server takes user, password and database from its first start, whatever its Secret says now",
    ),
    "in-transaction": _known(
        r"\(25001\)", scopes=("postgres",), hint="begin the file with `-- +goose NO TRANSACTION`"
    ),
    "database-privilege": _known(
        r"\(42501\)", scopes=("postgres",), hint="the user lacks the privilege: grant it, or use another user"
    ),
    "table-exists": _known(
        r"\(42P07\)",
        scopes=("postgres",),
        hint="it was made by other means: start from an empty database, or record the version as applied",
    ),
    # What `docker build` and the like say.
    "build-mirror": _known(
        "temporary failure resolving|could not resolve|unable to connect to|failed to fetch",
        r"connection failed|temporary error \(try again later\)",
        scopes=("image.build",),
        hint="the package mirror cannot be reached from inside the build: check network, DNS and proxy",
    ),
    "buildkit": _known(
        "requires BuildKit|unknown flag: (?:mount|chmod|link|parents|exclude|checksum|network|security)",
        "unknown instruction: <<|failed to parse platform",
        scopes=("image.build",),
        hint="the Dockerfile wants BuildKit: run `docker buildx build` in a `command` step",
    ),
    "disk-full": _known(
        "no space left on device|disk.?pressure|disk quota exceeded",
        hint="make room for the container engine: `docker system df`, then `docker system prune`",
    ),
    "build-file": _known(
        "failed to compute|(?:COPY|ADD) failed|no such file or directory",
        scopes=("image.build",),
        hint="is the file in the build context, and not left out by .dockerignore?",
    ),
    # What kind says.
    "port-taken": _known(
        "port is already (?:allocated|in use)|address already in use|ports are not available",
        hint="free the host port that is named, or map another one in the plan",
    ),
    "podman-output": _known(
        "file should only be one line, got 0 lines",
        scopes=("kind",),
        hint="Podman lost the output of a command, as its service sometimes does: try again",
    ),
    "node-systemd": _known(
        "could not find a log line that matches .*Multi-User",
        scopes=("kind",),
        hint="the node's systemd did not start: `bringup doctor` checks cgroups and inotify limits",
    ),
    "cgroup": _known(
        # Not kind's own notice, which it gives at every start on cgroup v1.
        "(?<!please upgrade to )cgroup(?! v1 is deprecated)",
        scopes=("kind",),
        hint="the node image may not fit this machine's cgroup version: see `bringup doctor`",
    ),
    "engine-permission": _known(
        "permission denied while trying to connect|got permission denied|permission denied.*docker.sock",
        hint="let this user use the container engine: `bringup doctor` says how",
    ),
    # What registries and engines say of images.
    "registry-login": _known(
        "unauthorized|authentication required|access denied|access to the resource is denied|no basic auth",
        r"\bdenied:",
        scopes=_IMAGES,
        hint="log in to the registry (`docker login REGISTRY`), and check the image's name and your access",
    ),
    "image-missing": _known(
        r"manifest unknown|manifest for \S+ not found|name unknown|\S+: not found",
        scopes=_IMAGES,
        hint="check the image's name and tag",
    ),
    "image-platform": _known(
        "no matching manifest|no image found in manifest list",
        scopes=_IMAGES,
        hint="the image is not made for this platform: choose another tag, or set `platform`",
    ),
    "registry-unreachable": _known(
        r"no such host|i/o timeout|network is unreachable|connection refused|tls handshake timeout|\bEOF\b",
        r"Client\.Timeout|server misbehaving|no route to host",
        scopes=("image", "kind.create"),
        hint="the registry cannot be reached: check the container engine's network, DNS and proxy, "
        "or load the image into the engine beforehand (`docker load`)",
    ),
    "registry-certificate": _known(
        "x509|certificate",
        scopes=("image", "kind.create"),
        hint="the container engine does not trust the registry's certificate",
    ),
    "node-image": _known(
        "failed to pull image",
        scopes=("kind",),
        hint="the node image could not be pulled: name one that can be had with `image`",
    ),
    "no-permission": _known(
        "permission denied",
        scopes=("kind",),
        hint="let this user use the container engine: `bringup doctor` says how",
    ),
    "control-plane": _known(
        "timed out waiting for ready|kubelet.*not.*healthy|timed out waiting for the condition",
        scopes=("kind",),
        hint="the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
    ),
    "image-other": _known(
        "not found", "does not exist", scopes=("image",), hint="check the image's name and tag"
    ),
    # What may be met anywhere.
    "dns": _known(
        "no such host|temporary failure (?:in name resolution|resolving)|name or service not known",
        "could not resolve (?:host|')|getaddrinfo failed|EAI_AGAIN",
        hint="a name could not be looked up: check the network, VPN and DNS",
    ),
    "inotify": _known(
        "too many open files|inotify_(?:init|add_watch)|failed to create fsnotify watcher",
        hint="raise the limits: "
        "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
    ),
    "content-digest": _known(
        "content digest [^\n]*not found",
        hint="the image was saved without all of its platforms: "
        "pull or build it for this machine's platform alone",
    ),
    "kubeconfig-lock": _known(
        r"failed to lock config file|\.lock: file exists",
        hint="another program holds the kubeconfig; if none runs, remove its .lock file",
    ),
    "package-mirror": _known(
        "unable to fetch some archives|failed to fetch https?:|could not fetch url",
        r"could not connect to \S+:80\b|hash sum mismatch",
        hint="a package mirror did not answer: trying again usually helps",
    ),
    "connection": _known(
        "connection (?:refused|reset|closed|timed out)|cannot connect to host|server disconnected",
        "no route to host|tls handshake timeout|waiting for connection|unexpected eof|broken pipe",
        r"i/o timeout|connection to \S+ was lost|refuses the connection",
        hint="the other side did not answer; is it up and reachable?",
    ),
    "server-error": _known(
        rf"{_STATUS}50[0234]\b",
        r"\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)",
        "server is currently unable to handle the request|etcdserver: request timed out",
        hint="the server is busy or briefly away: trying again usually helps",
    ),
    "image-pull": _known(
        "ImagePullBackOff|ErrImagePull|manifest unknown|pull access denied",
        hint="check the image's name, and that the pull secret or your registry login reaches it",
    ),
    "crash-loop": _known(
        "CrashLoopBackOff", hint="the container ends as soon as it starts; its last lines say why"
    ),
}


def recognise(text: str, scope: str = "") -> Known | None:
    """Return the known failure that a text shows, if any.

    Args:
        text: What was said.
        scope: By or of whom, see `Known`; what may be met anywhere is always looked for.
    """
    return next(
        (each for each in KNOWN.values() if each.is_for(scope) and re.search(each.pattern, text)), None
    )


def hint_for(text: str, scope: str = "") -> str:
    """Return what helps against the known failure that a text shows; empty if it shows none."""
    known = recognise(text, scope)
    return known.hint if known else ""


def applies(signatures: Iterable[str | Signature], text: str) -> str | None:
    """Return which of some signatures a failure's text shows: a known one's name, or a pattern; else None."""
    for signature in signatures:
        pattern = KNOWN[signature].pattern if isinstance(signature, str) else signature.pattern
        if re.search(pattern, text):
            return signature if isinstance(signature, str) else signature.pattern
    return None
