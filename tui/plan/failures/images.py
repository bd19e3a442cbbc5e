"""What registries and engines say of images, and what programs say that are not there."""

from __future__ import annotations

from tui.plan.signature import Known, known

IMAGES: dict[str, Known] = {
    "registry-plain-http": known(
        "server gave HTTP response to HTTPS client",
        "the registry speaks plain HTTP, which who pulls or pushes has to be told: `insecure-registries` of"
        " Docker, `insecure = true` in Podman's registries.conf, hosts.toml of a node's containerd",
    ),
    "registry-login": known(
        "unauthorized|authentication required|access denied|access to the resource is denied|no basic auth"
        r"|\bdenied:",
        "log in to the registry (`docker login REGISTRY`), and check the image's name and your access",
        *("image", "kind", "k3d"),
    ),
    "image-platform": known(
        "no matching manifest|no image found in (?:manifest list|image index)|no match for platform"
        "|does not provide the (?:specified )?platform|does not match the specified platform",
        "the image is not made for this platform: choose another tag, or set `platform`",
        *("image", "kind", "k3d"),
    ),
    "image-missing": known(
        r"manifest unknown|manifest for \S+ not found|name unknown|\S+: not found",
        "check the image's name and tag",
        *("image", "kind", "k3d"),
    ),
    "registry-unreachable": known(
        r"no such host|i/o timeout|network is unreachable|connection refused|tls handshake timeout|\bEOF\b"
        r"|Client\.Timeout|server misbehaving|no route to host",
        "the registry cannot be reached: check the container engine's network, DNS and proxy, "
        "or load the image into the engine beforehand (`docker load`)",
        *("image", "kind.create", "k3d.create"),
    ),
    "registry-certificate": known(
        "x509|certificate",
        "the container engine does not trust the registry's certificate",
        *("image", "kind.create", "k3d.create"),
    ),
    "node-image": known(
        "failed to pull image",
        "name a node image that can be had with `image` of cluster.create",
        *("kind", "k3d"),
    ),
    "control-plane": known(
        "timed out waiting for ready|kubelet.*not.*healthy|timed out waiting for the condition",
        "the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
        "kind",
    ),
    "image-other": known("not found|does not exist", "check the image's name and tag", "image"),
    "no-kubeconfig": known(
        "localhost:8080 was refused|localhost:8080/api|no configuration has been provided",
        "no kubeconfig was found: commands get that of the plan's `cluster` once it is created",
    ),
    "kind-unknown": known(
        "no matches for kind|doesn't have a resource type|resource mapping not found",
        "apply the CustomResourceDefinition first, or correct apiVersion and kind",
    ),
    "helm-name": known(
        "cannot re-use a name that is still in use", "run `helm upgrade --install` in place of install"
    ),
    "helm-pending": known(
        "another operation .install/upgrade/rollback. is in progress",
        "an earlier helm was cut off: `helm rollback` or `helm uninstall` the release",
    ),
    "processor": known(
        "exec format error",
        "the program is made for another processor: build or pull it for this machine's platform",
    ),
    "no-program": known(
        r"executable file not found in \$PATH|exec: [^\n]*: no such file or directory",
        "the image has no such program: correct the container's command, or the image",
        *("pod", "command", "build"),
    ),
}
