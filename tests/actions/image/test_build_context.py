from __future__ import annotations

import io
import os
import shutil
import socket
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.actions.image.build_context import read_context
from tui.actions.image.ignore import read_rules
from tui.actions.image.missing_source import hint_for_missing
from tui.errors import ActionError
from tui.plan.failures import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator


def ignored(lines: str, path: str) -> bool:
    return read_rules(lines.encode(), ".dockerignore").ignores(path)


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def packed(folder: Path, dockerfile: Path | None = None) -> dict[str, tarfile.TarInfo]:
    data = b"".join(read_context(folder, dockerfile).pack())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar.getmembers()}


@pytest.mark.parametrize(
    ("lines", "path", "is_ignored"),
    [
        # the examples of Docker's documentation
        ("*/temp*", "somedir/temporary.txt", True),
        ("*/temp*", "somedir/temp/inside", True),
        ("*/temp*", "temp", False),
        ("*/*/temp*", "somedir/subdir/temporary.txt", True),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("**/*.go", "deep/down/main.go", True),
        ("**/*.go", "main.go", True),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
        # rooted, cleaned
        ("foo", "bar/foo", False),
        ("/foo", "foo", True),
        ("foo/", "foo/bar", True),
        ("./foo/../bar", "bar", True),
        ("  foo  ", "foo", True),
        ("# foo", "# foo", False),
        ("!foo", "foo", False),
        (".", "foo", False),
        ("", "foo", False),
        # what matches a folder matches all in it, and can be taken back in
        ("foo", "foo/a/b", True),
        ("foo\n!foo/a", "foo/a/b", False),
        ("foo\n!foo/a", "foo/c", True),
        ("*\n!src", "src/main.go", False),
        # ** and the rest of the language
        ("**", "a/b", True),
        ("foo/**", "foo", False),
        ("foo/**", "foo/a/b", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[^a]", "b", True),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("a.b", "aXb", False),
        ("a+(b)$", "a+(b)$", True),
    ],
)
def test_patterns_mean_what_they_mean_to_docker(lines: str, path: str, is_ignored: bool) -> None:
    assert ignored(lines, path) is is_ignored


def test_an_open_class_is_told() -> None:
    with pytest.raises(ActionError, match="not closed"):
        ignored("a[b", "a")


paths = st.lists(st.sampled_from(["a", "b", "c.d", "é"]), min_size=1, max_size=4).map("/".join)


@given(paths)
def test_a_literal_path_matches_itself_and_what_is_below(path: str) -> None:
    assert ignored(path, path)
    assert ignored(path, f"{path}/below")
    assert not ignored(path, f"above/{path}")
    assert ignored(f"**/{path}", f"above/{path}")


@given(st.lists(paths, max_size=4), paths)
def test_the_last_match_wins(before: list[str], path: str) -> None:
    lines = "\n".join(before)
    assert ignored(f"{lines}\n{path}", path)
    assert not ignored(f"{lines}\n!{path}", path)


def judged(rules: list[tuple[bool, str]], path: str) -> bool:
    """Docker's verdict: a line holds below a directory only where it changed that of the directory."""
    verdict = False
    for at, (back, rule) in enumerate(rules):
        if path == rule or (path.startswith(f"{rule}/") and judged(rules[:at], rule) is back):
            verdict = not back
    return verdict


@example([(False, "a/b"), (True, "a")], "a/b")
@example([(False, "a"), (True, "a/b"), (False, "a")], "a/b")
@given(st.lists(st.tuples(st.booleans(), paths), max_size=5), paths)
def test_the_verdict_is_that_of_the_last_line_that_holds(rules: list[tuple[bool, str]], path: str) -> None:
    assert ignored("\n".join("!" * back + rule for back, rule in rules), path) is judged(rules, path)


def test_ignored_files_are_left_out_and_the_dockerfile_is_not(tmp_path: Path) -> None:
    write(
        tmp_path, Dockerfile="FROM x", src__main="x", src__note="x", _DOT_dockerignore="*\n!src\nsrc/note\n"
    )
    assert list(packed(tmp_path)) == [".dockerignore", "Dockerfile", "src", "src/main"]


def test_a_folder_of_which_something_is_sent_is_sent(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", a__b__c="x", a__d="x", e__f="x", _DOT_dockerignore="a\ne\n!a/b/c\n")
    assert list(packed(tmp_path)) == [".dockerignore", "Dockerfile", "a", "a/b", "a/b/c"]


def test_a_dockerfile_in_an_ignored_folder_is_sent(tmp_path: Path) -> None:
    write(tmp_path, build__Dockerfile="", build__x="", _DOT_dockerignore="build")
    context = read_context(tmp_path, tmp_path / "build" / "Dockerfile")
    assert context.dockerfile == "build/Dockerfile"
    assert context.names() == [".dockerignore", "build", "build/Dockerfile"]


def test_a_dockerfiles_own_ignore_file_goes_first(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", a="", b="", _DOT_dockerignore="a", Dockerfile_DOT_dockerignore="b")
    assert "a" in packed(tmp_path)
    assert "b" not in packed(tmp_path)


def test_a_dockerfile_from_elsewhere_is_added_and_kept_out_of_the_image(tmp_path: Path) -> None:
    write(tmp_path, context__a="x", context___DOT_dockerignore="b", Other="FROM x")
    context = read_context(tmp_path / "context", tmp_path / "Other")
    data = b"".join(context.pack())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        texts = {name: file.read() for name, file in files.items() if file is not None}
    assert texts[context.dockerfile] == b"FROM x"
    assert texts[".dockerignore"].split() == [b"b", context.dockerfile.encode()]
    assert set(texts) == {"a", ".dockerignore", context.dockerfile}


def test_the_tar_is_the_same_whoever_packs_it(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", z="1", a="2")
    (tmp_path / "run").write_text("#!/bin/sh")
    (tmp_path / "run").chmod(0o755)
    members = packed(tmp_path)
    assert list(members) == sorted(members)
    assert {(member.uid, member.gid, member.uname) for member in members.values()} == {(0, 0, "")}
    assert members["run"].mode == 0o755
    assert b"".join(read_context(tmp_path).pack()) == b"".join(read_context(tmp_path).pack())


def test_links_stay_links(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", folder__a="x")
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "dangling").symlink_to("/nowhere")
    members = packed(tmp_path)
    assert members["link"].issym()
    assert members["link"].linkname == "folder"
    assert members["dangling"].linkname == "/nowhere"
    assert "link/a" not in members


def test_odd_names_and_sizes_survive(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="")
    long = "ü" * 60 + "/" + "x" * 120
    (tmp_path / long).parent.mkdir()
    (tmp_path / long).write_bytes(os.urandom(700_001))
    raw = os.fsencode(tmp_path) + b"/bad-\xff"
    Path(os.fsdecode(raw)).write_text("")
    members = packed(tmp_path)
    assert members[long].size == 700_001
    assert os.fsdecode(b"bad-\xff") in members


def test_large_files_are_packed_in_pieces(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(20_000_000)
    sizes = [len(piece) for piece in read_context(tmp_path).pack()]
    assert sum(sizes) > 20_000_000
    assert max(sizes) <= 600_000


@pytest.mark.parametrize("missing", ["folder", "Dockerfile"])
def test_what_is_not_there_is_told(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "none" if missing == "folder" else tmp_path
    with pytest.raises(ActionError, match="not a directory" if missing == "folder" else "no Dockerfile"):
        read_context(folder)


def test_a_file_that_shrinks_meanwhile_is_told(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", zeros="x" * 2_000_000)
    pieces = read_context(tmp_path).pack()
    next(pieces)
    os.truncate(tmp_path / "zeros", 10)
    with pytest.raises(ActionError, match="zeros of the build context became shorter"):
        list(pieces)


def test_what_this_user_may_not_read_is_named(unprivileged: Path) -> None:
    write(unprivileged, Dockerfile="", shut__a="x")
    (unprivileged / "shut").chmod(0)
    with pytest.raises(ActionError, match=r"shut of the build context cannot be read: Permission denied"):
        packed(unprivileged)
    (unprivileged / ".dockerignore").write_text("shut\n!shut/a\n")  # as BuildKit has it
    assert list(packed(unprivileged)) == [".dockerignore", "Dockerfile"]
    (unprivileged / ".dockerignore").chmod(0)
    with pytest.raises(ActionError, match=r"\.dockerignore cannot be read: Permission denied"):
        read_context(unprivileged)


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A directory of the user that the test runs as, who is not root."""
    user = os.geteuid()
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o777)
    if user == 0:
        os.seteuid(65534)
    try:
        yield directory
    finally:
        if user == 0:
            os.seteuid(0)
        (directory / "shut").chmod(0o700)
        shutil.rmtree(directory)


def test_a_dockerfile_that_is_a_link_is_sent_as_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, context__a="x", Other="FROM x")
    (tmp_path / "context" / "Dockerfile").symlink_to("../Other")
    context = read_context(tmp_path / "context")
    assert context.content == b"FROM x"
    assert context.added[context.dockerfile] == b"FROM x"


def test_a_dockerfile_that_its_own_ignore_file_names_is_kept_out_of_the_image(tmp_path: Path) -> None:
    write(tmp_path, a="x", dev_DOT_Dockerfile="FROM x", dev_DOT_Dockerfile_DOT_dockerignore="*Dockerfile*\n")
    context = read_context(tmp_path, tmp_path / "dev.Dockerfile")
    assert list(packed(tmp_path, tmp_path / "dev.Dockerfile")) == ["a", ".dockerignore", context.dockerfile]
    assert context.added[".dockerignore"].split() == [b".dockerignore", context.dockerfile.encode()]


def test_a_context_that_is_reached_through_a_link_holds_its_dockerfile(tmp_path: Path) -> None:
    write(tmp_path, context__Dockerfile="FROM x")
    (tmp_path / "link").symlink_to("context")
    assert read_context(tmp_path / "link", tmp_path / "context" / "Dockerfile").dockerfile == "Dockerfile"


def test_a_directory_is_no_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").mkdir()
    with pytest.raises(ActionError, match="Dockerfile is a directory"):
        read_context(tmp_path)


def test_special_files_are_sent_as_far_as_an_image_can_have_them(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", sparse="", other="x")
    os.mkfifo(tmp_path / "fifo")
    os.link(tmp_path / "other", tmp_path / "hard")
    os.truncate(tmp_path / "sparse", 3_000_000)
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(tmp_path, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{here}/socket")
        members = packed(tmp_path)
        os.close(here)
    assert set(members) == {"Dockerfile", "sparse", "other", "fifo", "hard", "loop"}
    assert members["fifo"].isfifo()
    assert (members["hard"].size, members["sparse"].size) == (1, 3_000_000)
    assert members["loop"].linkname == "loop"


def test_what_goes_while_it_is_sent_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", a="x" * 1_000_000, b="x", gone__x="x")
    pieces = read_context(tmp_path).pack()
    data = next(pieces)
    (tmp_path / "b").unlink()
    shutil.rmtree(tmp_path / "gone")
    data += b"".join(pieces)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == ["Dockerfile", "a"]


@pytest.mark.parametrize(
    ("cause", "hint"),
    [
        (
            "the build failed at COPY out /: COPY failed: stat out",
            "out leads out of the context, to /etc/passwd",
        ),
        ('Dockerfile:2: COPY a /out/x ./out /y: "/etc/passwd" not found', "there is no out/x in "),
        ('Dockerfile:2: ADD ["left", "/"]: "/left" not found', "the context's ignore file leaves left out"),
        (
            "the build failed at COPY --chown=1:1 /left/in /: COPY",
            "the context's ignore file leaves left/in out",
        ),
        ("the build failed at COPY b/../nothing /: COPY failed", "there is no b/../nothing in "),
        ("the build failed at COPY loop /: COPY failed", "there is no loop in "),
        (
            "the build failed at COPY --from=one /a /: COPY failed",
            "the stage, image or context that",
        ),
        (
            "the build failed at COPY --from=scripts . /: invalid from flag value scripts: access denied",
            "no stage above is called scripts",
        ),
        ("FROM docker.io/library/scripts:latest: pull access denied", "no stage above is called scripts"),
        ("load metadata for docker.io/library/builder:latest: pull access denied", "no stage above"),
        ("FROM docker.io/library/scripts:latest: dial tcp: no such host", KNOWN["build-file"].hint),
        ("FROM docker.io/library/redis:latest: pull access denied", KNOWN["build-file"].hint),
        ("the build failed at ADD http://h/x /: ADD failed: Get", "the URL could not be fetched"),
        ("the build failed at COPY ${NAME} b* /: COPY failed", KNOWN["build-file"].hint),
        ("the build failed at COPY a", KNOWN["build-file"].hint),
    ],
)
def test_what_a_build_misses_is_looked_up(tmp_path: Path, cause: str, hint: str) -> None:
    text = "FROM x AS one\nCOPY --from=scripts . /\nRUN --mount=type=bind,from=builder,source=/a ls\n"
    write(tmp_path, Dockerfile=text, a="1", left__in="2", _DOT_dockerignore="left\n")
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to("loop")
    error = ActionError(cause, KNOWN["build-file"].hint)
    assert hint_for_missing(error, read_context(tmp_path)).startswith(hint)
