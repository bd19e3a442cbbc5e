"""What a Dockerfile wants of its builder is known before it is built."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.actions.engines import BASE, has_docker, need_image
from tui.actions.image.dockerfile import instructions, needs_buildkit, platform_arguments

ONLY_BUILDKIT = [
    ("FROM x\nRUN --mount=type=cache,target=/c true\n", "2: RUN --mount"),
    ("FROM\tx\nRUN\t--mount=type=cache,target=/c\ttrue\n", "2: RUN --mount"),
    ("FROM x\nRUN --network=none true\n", "2: RUN --network"),
    ("FROM x\nrun --security=insecure --mount=type=tmpfs,target=/t true\n", "2: RUN --security"),
    ("FROM x\nCOPY --link a b\n", "2: COPY --link"),
    ("FROM x\nCOPY --from=y --link a b\n", "2: COPY --link"),
    ("FROM x\nCOPY --chown=1:1 --chmod=755 a b\n", "2: COPY --chmod"),
    ("FROM x\nADD --checksum=sha256:00 https://h.example/a /a\n", "2: ADD --checksum"),
    ("FROM x\nADD https://h.example/a.git#v1 /a\n", "2: ADD of a Git repository"),
    ("FROM x\nADD git@h.example:a/b.git /a\n", "2: ADD of a Git repository"),
    ("FROM x\nRUN <<EOF\nset -e\ntrue\nEOF\n", "2: the here-document of RUN"),
    ("FROM x\r\nRUN <<'EOF' bash\r\ntrue\r\nEOF\r\n", "2: the here-document of RUN"),
    ("FROM x\nCOPY <<-one <<two /etc/\n\tfirst\n\tone\nsecond\ntwo\n", "2: the here-document of COPY"),
    ("FROM --platform=$BUILDPLATFORM x AS build\n", "1: FROM with $BUILDPLATFORM"),
    ("# a\n\nFROM --platform=${TARGETPLATFORM} x\n", "3: FROM with $TARGETPLATFORM"),
    ("FROM x\n\n# a\nRUN true && \\\n  # b\n\n  true\nRUN --mount=type=ssh d\n", "8: RUN --mount"),
    ("# escape=`\nFROM x\nRUN echo `\n  b\nCOPY --link a b\n", "5: COPY --link"),
    (
        "\ufeff# syntax=docker/dockerfile:1\nFROM x\nRUN \\\n  --mount=type=cache,target=/c true\n",
        "3: RUN --mount",
    ),
]
CLASSIC = [
    "# syntax=docker/dockerfile:1\nARG TAG=1\nFROM x:${TAG}\nRUN true --mount=no\n",
    "FROM x\nCOPY --from=0 --chown=1 a b\nADD https://h.example/a.tar.gz /\n",
    'FROM x\nRUN echo $((1<<2)) && cat <<< "EOF"\nRUN echo "<<EOF"\n',
    "FROM x\nRUN cat <<EOF\n",
    "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM x\n",
    "FROM --platform=linux/amd64 x\nARG TARGETARCH\n",
    "FROM x\nONBUILD RUN --mount=type=cache,target=/c true\n",
    "",
    "FROM x\\",
]


@pytest.mark.parametrize(("text", "reason"), ONLY_BUILDKIT)
def test_what_only_buildkit_builds_is_known_with_its_line(text: str, reason: str) -> None:
    assert needs_buildkit(text.encode()) == reason


@pytest.mark.parametrize("text", CLASSIC)
def test_what_the_classic_builder_builds_is_let_through(text: str) -> None:
    assert needs_buildkit(text.encode()) == ""


def test_instructions_are_joined_and_counted() -> None:
    text = "\n# a\nFROM x\n\nRUN a \\\n# b\n  && c\nCOPY <<E /f\n# kept\nRUN no\nE\nCMD d\n"
    found = [(each.line, each.name, each.rest.split()) for each in instructions(text.encode())]
    assert found == [
        (3, "FROM", ["x"]),
        (5, "RUN", ["a", "&&", "c"]),
        (8, "COPY", ["<<E", "/f"]),
        (12, "CMD", ["d"]),
    ]


def test_arguments_that_buildkit_would_fill_are_filled_where_they_are_declared() -> None:
    text = b"FROM x\nARG TARGETARCH TARGETVARIANT\nARG BUILDPLATFORM\nARG TARGETOS=plan9\nARG OTHER\n"
    assert platform_arguments(text, "linux/arm/v7", "amd64") == {
        "BUILDPLATFORM": "linux/amd64",
        "TARGETARCH": "arm",
        "TARGETVARIANT": "v7",
    }
    assert platform_arguments(b"FROM x\n", None, "amd64") == {}


@pytest.mark.e2e
def test_the_engines_classic_builder_agrees() -> None:
    if not has_docker():
        pytest.skip("no Docker engine answers")
    need_image(BASE)

    def builds(text: str) -> bool:
        with tempfile.TemporaryDirectory() as directory:
            for name in ("a", "b"):
                (Path(directory) / name).write_text("")
            (Path(directory) / "Dockerfile").write_text(text.replace(" x", f" {BASE}", 1), newline="")
            argv = ("docker", "build", "--quiet", "--force-rm", "--network=none", directory)
            environment = {"DOCKER_BUILDKIT": "0", "PATH": "/usr/local/bin:/usr/bin:/bin"}
            built = subprocess.run(argv, env=environment, capture_output=True, check=False)
        if built.returncode == 0:
            subprocess.run(("docker", "rmi", built.stdout.strip()), capture_output=True, check=False)
        return built.returncode == 0

    for text, reason in ONLY_BUILDKIT:
        assert not builds(text), reason
    assert builds("# syntax=docker/dockerfile:1\nARG TAG\nFROM x\nRUN echo $((1<<2))\nCOPY a b /c/\n")
