"""What `docker build` and the like say."""

from __future__ import annotations

from tui.plan.signature import Known, known

BUILDS: dict[str, Known] = {
    "build-mirror": known(
        "temporary failure resolving|could not resolve|unable to connect to|failed to fetch"
        r"|connection failed|temporary error \(try again later\)",
        "the package mirror cannot be reached from inside the build: check network, DNS and proxy",
        *("image.build", "build"),
    ),
    "build-program": known(
        r"\b(?:ba|da)?sh: (?:(?:line )?\d+: )?\S+: (?:command )?not found",
        "install the program in the image first, by an instruction above this one",
        "build",
    ),
    "build-mount": known(
        r"secret \S+:? not found|unset ssh forward key|no ssh key [^\n]*forwarded",
        "give the step what the instruction mounts: `secrets: {id: ID, env: NAME}`, or `ssh: default`",
        *("image.build", "build"),
    ),
    "build-network": known(
        r"could not find bridge|network bridge not found",
        "the container engine's own network is gone: restart the engine",
        *("image.build", "build"),
    ),
    "build-outside": known(
        "outside (?:of )?the (?:build )?context",
        "COPY and ADD see the build context alone: name a directory that has all of it as `context`",
        "image.build",
    ),
    "build-base": known(
        "base name .* should not be blank",
        "give the argument a value in `args`, or a default in the Dockerfile",
        "image.build",
    ),
    "build-from": known(
        r"invalid from flag value [^\n]*\$|(?:variable expansion is not supported for|failed to parse) "
        r"(?:--from|stage name [^\n]*\$)",
        "`--from` takes no variable: make that image a stage above, by `FROM IMAGE AS NAME`, and name that",
        "image.build",
    ),
    "build-target": known(
        "failed to reach build target|target stage .* could not be found",
        "name a stage of the Dockerfile, which begins with `FROM … AS NAME`, as the step's `target`",
        "image.build",
    ),
    "build-empty": known(
        r"Dockerfile[^\n]* cannot be empty", "name another file as the step's `dockerfile`", "image.build"
    ),
    "build-frontend": known(
        "resolve image config for|failed to solve with frontend gateway",
        "the frontend that `# syntax=` names cannot be pulled: take that line away if the builder's own"
        " will do, or name a registry that can be reached",
        "image.build",
    ),
    "buildkit-version": known(
        r"(?:LLB definition|failed to solve): dockerfile parse error (?:on )?line \d+: unknown",
        "if it is spelt right, the builder is too old: upgrade Docker to 23, name another with `builder`, or"
        " begin the Dockerfile with `# syntax=docker/dockerfile:1`",
        "image.build",
    ),
    "build-platforms": known(
        "does not currently support exporting manifest lists|docker-container.*multi-platform",
        "name one `platform`: only an engine with containerd's image store holds an image of several",
        "image.build",
    ),
    "build-ssh-agent": known(
        "invalid empty ssh agent socket|failed to convert agent config",
        "start an agent and give it the key (`ssh-add`), or name the key: `ssh: default=PATH`",
        "image.build",
    ),
    "builder": known(
        'no builder ".*" found',
        "make it with `docker buildx create --name`, or have `builder` or BUILDX_BUILDER name one that"
        " `docker buildx ls` lists",
        "image.build",
    ),
    "buildkit": known(
        "requires BuildKit|unknown flag: (?:mount|chmod|link|parents|exclude|checksum|network|security)"
        "|unknown instruction: <<|failed to parse platform",
        "install Docker's buildx plugin, and name it with `builder: buildx`",
        "image.build",
    ),
    "build-file": known(
        "failed to compute|(?:COPY|ADD) failed|no such file or directory",
        "is the file in the build context, and not left out by .dockerignore?",
        "image.build",
    ),
}
