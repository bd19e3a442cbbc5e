from __future__ import annotations

import asyncio
import json
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.recorder import Recorder
from tests.cluster.peer import peer
from tui.actions.command import run
from tui.errors import ActionError
from tui.hosts.host_set import ClusterAt
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster
from tui.plan.steps import Command

if TYPE_CHECKING:
    from pathlib import Path


KUBECTL = shutil.which("kubectl")


def command(**fields: Any) -> Command:
    return Command(kind="command", **fields)


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache")


async def failure(step: Command, ctx: Recorder) -> ActionError:
    with pytest.raises(ActionError) as caught:
        await run(step, ctx)
    return caught.value


async def test_a_program_runs_in_the_plans_folder_with_its_variables(ctx: Recorder) -> None:
    done = await run(command(shell='echo "$GREETING"; pwd -P', env={"GREETING": "hello"}), ctx)
    folder = await asyncio.to_thread(ctx.folder.resolve)
    assert [text for _, text in ctx.lines] == ["hello", str(folder)]
    assert done.changed


async def test_empty_lines_are_told_too(ctx: Recorder) -> None:
    done = await run(command(shell="printf 'one\n\ntwo\n\n'"), ctx)
    assert [text for _, text in ctx.lines] == ["one", "", "two", ""]
    assert done.note == "two"


async def test_what_goes_on_in_the_background_is_warned_of(ctx: Recorder) -> None:
    done = await run(command(shell="sleep 60 & echo $!"), ctx)
    ends = "goes on in the background and ends with the run"
    assert ctx.warnings == [f"sleep ({done.note}) {ends}; start with `setsid` what is to stay"]
    await ctx.host.close()


async def test_arguments_are_no_shell(ctx: Recorder) -> None:
    await run(command(argv=("echo", "$HOME;", "a b")), ctx)
    assert ctx.lines == [("", "$HOME; a b")]


async def test_a_folder_of_its_own(ctx: Recorder, tmp_path: Path) -> None:
    own = tmp_path / "own"
    await asyncio.to_thread(own.mkdir)
    await run(command(shell="touch here").model_copy(update={"folder": own}), ctx)
    assert await asyncio.to_thread((own / "here").exists)


@pytest.mark.parametrize(("unless", "changed"), [("test -e mark", False), ("test ! -e mark", True)])
async def test_unless_says_whether_there_is_anything_to_do(
    ctx: Recorder, tmp_path: Path, unless: str, changed: bool
) -> None:
    await asyncio.to_thread((tmp_path / "mark").touch)
    done = await run(command(shell="echo ran", unless=unless), ctx)
    assert done.changed is changed
    assert bool(ctx.lines) is changed


async def test_a_failure_tells_its_status_and_last_lines(ctx: Recorder) -> None:
    error = await failure(command(shell="seq 20; echo broken >&2; exit 3"), ctx)
    assert error.cause.endswith("exited with status 3")
    assert error.details[-1] == "broken"
    assert len(error.details) == 15


async def test_a_signal_is_named(ctx: Recorder) -> None:
    error = await failure(command(shell="kill -TERM $$"), ctx)
    assert error.cause == "kill -TERM $$ was ended by signal SIGTERM"


async def test_a_program_that_is_not_there(ctx: Recorder) -> None:
    error = await failure(command(argv=("no-such-program", "--help")), ctx)
    assert error.cause == "there is no program no-such-program"
    assert "PATH" in error.hint
    assert "`shell`" in (await failure(command(argv=("echo hello && ls",)), ctx)).hint


async def test_a_shell_that_misses_a_program(ctx: Recorder) -> None:
    error = await failure(command(shell="no-such-program"), ctx)
    assert error.cause.endswith("exited with status 127")


async def test_a_file_that_is_no_program(ctx: Recorder, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "data").write_text, "x")
    error = await failure(command(argv=(str(tmp_path / "data"),)), ctx)
    assert "cannot be run" in error.cause


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"argv": ("echo", "a\0b")}, "an argument or variable has a NUL byte"),
        ({"shell": "echo a\0b"}, "an argument or variable has a NUL byte"),
        ({"argv": ("true",), "env": {"A": "\0"}}, "an argument or variable has a NUL byte"),
        ({"argv": ("",)}, "the program's name is empty"),
    ],
)
async def test_what_no_system_could_start_is_told(ctx: Recorder, fields: Any, reason: str) -> None:
    error = await failure(command(**fields), ctx)
    assert error.cause == f"the command cannot be started: {reason}"


async def test_a_command_too_long_for_the_system_is_told(ctx: Recorder) -> None:
    error = await failure(command(argv=("true", "x" * 3_000_000)), ctx)
    assert error.cause == "true cannot be run: Argument list too long"
    assert "files" in error.hint


@pytest.mark.parametrize(
    ("content", "mode", "cause"),
    [
        (b"echo x\n", 0o755, "{} cannot be run: Exec format error"),
        (b"#!/bin/sh\n", 0o644, "{} cannot be run: Permission denied"),
        (
            b"#!/bin/sh\r\necho x\r\n",
            0o755,
            "{} has the line ends of Windows: no system finds what its first line names",
        ),
        (None, 0o755, "{} is a directory"),
        (b"#!/no/such/shell\n", 0o755, "{} is there, but not what its first line names: #!/no/such/shell"),
    ],
)
async def test_a_file_that_cannot_be_run_is_told_apart(
    ctx: Recorder, tmp_path: Path, content: bytes | None, mode: int, cause: str
) -> None:
    file = tmp_path / "program"
    await asyncio.to_thread(file.mkdir if content is None else partial(file.write_bytes, content))
    await asyncio.to_thread(file.chmod, mode)
    error = await failure(command(argv=(str(file),)), ctx)
    assert error.cause == cause.format(file)
    assert error.hint


async def test_a_script_is_named_by_its_first_line(ctx: Recorder) -> None:
    error = await failure(command(shell="\n  set -e\n  echo one\n  exit 4\n"), ctx)
    assert error.cause == "set -e … exited with status 4"


async def test_output_of_any_form_is_taken(ctx: Recorder) -> None:
    done = await run(command(shell=r"head -c 300000 /dev/zero | tr '\0' x; printf '\377\200'"), ctx)
    assert sum(len(text) for _, text in ctx.lines) == 300_002
    assert len(done.note) <= 200


async def test_a_folder_that_has_gone(ctx: Recorder, tmp_path: Path) -> None:
    step = command(argv=("true",)).model_copy(update={"folder": tmp_path / "gone"})
    error = await failure(step, ctx)
    assert error.cause == f"the command's directory {tmp_path / 'gone'} does not exist"


async def test_at_the_deadline_it_says_so(ctx: Recorder) -> None:
    ctx.deadline = asyncio.get_running_loop().time() + 0.3
    error = await failure(command(shell="echo begun; sleep 30"), ctx)
    assert error.cause == "echo begun; sleep 30 still ran when the time was up"
    assert error.details == ("begun",)


MINE = """
apiVersion: v1
kind: Config
current-context: {current}
clusters:
- {{name: kind-demo, cluster: {{server: "https://127.0.0.1:1"}}}}
- {{name: production, cluster: {{server: "https://production.example"}}}}
contexts:
- {{name: kind-demo, context: {{cluster: kind-demo, user: kind-demo}}}}
- {{name: production, context: {{cluster: production, user: production}}}}
"""


@pytest.fixture
def clustered(ctx: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A plan with a cluster, whose user has production's kubeconfig at hand."""
    monkeypatch.setenv("KUBECONFIG", "/production/config")
    monkeypatch.setenv("HELM_KUBECONTEXT", "production")
    ctx.host = LocalHost()
    ctx.plan_cluster = Cluster(name="demo", kubeconfig=tmp_path / "kubeconfig")
    return ctx


SHOW = 'echo "$KUBECONFIG|$HELM_KUBECONTEXT"'


async def test_a_command_gets_the_plans_kubeconfig(clustered: Recorder, tmp_path: Path) -> None:
    own = f"{tmp_path / 'kubeconfig'}|"
    done = await run(command(shell=SHOW), clustered)
    assert done.note == own  # also while it does not exist yet: it never is the user's own
    await asyncio.to_thread((tmp_path / "kubeconfig").write_text, MINE.format(current="kind-demo"))
    assert (await run(command(shell=SHOW), clustered)).note == own
    done = await run(
        command(shell="echo ran", unless='test "$KUBECONFIG" = "$MINE"', env={"MINE": own[:-1]}), clustered
    )
    assert not done.changed


@pytest.mark.parametrize("current", ["production", '""'])
async def test_a_shared_kubeconfig_is_used_for_the_plans_cluster_alone(
    clustered: Recorder, tmp_path: Path, current: str
) -> None:
    await asyncio.to_thread((tmp_path / "kubeconfig").write_text, MINE.format(current=current))
    step = command(shell="IFS=:; cat $KUBECONFIG")
    await run(step, clustered)
    first, *_ = [text for _, text in clustered.lines if "current-context" in text]
    assert json.loads(first) == {"current-context": "kind-demo"}
    if KUBECTL:
        assert (await run(command(shell="kubectl config current-context"), clustered)).note == "kind-demo"


async def test_a_kubeconfig_of_other_clusters_leads_to_none_of_them(
    clustered: Recorder, tmp_path: Path
) -> None:
    others = MINE.format(current="production").replace("kind-demo", "staging")
    await asyncio.to_thread((tmp_path / "kubeconfig").write_text, others)
    assert "kind-demo" in (await run(command(shell="head -1 ${KUBECONFIG%%:*}"), clustered)).note


async def test_a_command_may_name_its_own_kubeconfig(clustered: Recorder) -> None:
    assert (await run(command(shell=SHOW, env={"KUBECONFIG": "mine"}), clustered)).note == "mine|"


async def test_a_plan_without_a_cluster_leaves_the_users(
    ctx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/users/config")
    ctx.host = LocalHost()
    assert (await run(command(shell='echo "$KUBECONFIG"'), ctx)).note == "/users/config"


@pytest.mark.parametrize("on_cluster_host", [True, False])
async def test_elsewhere_a_command_gets_a_kubeconfig_of_its_own(
    clustered: Recorder, tmp_path: Path, on_cluster_host: bool
) -> None:
    async with peer(tmp_path) as kind:
        kind.host.shares_files = False  # as if it were another machine
        clustered.host = kind.host
        clustered.cluster_at = kind.host if on_cluster_host else LocalHost()
        await run(command(shell='cat "$KUBECONFIG"; stat -c %a "${KUBECONFIG%/*}"'), clustered)
    lines = [text for _, text in clustered.lines]
    assert ("current-context: kind-demo" in lines) is on_cluster_host
    assert lines[-1] == "700"


WORKER = MINE.replace("kind-demo", "kind-worker").replace("production", "other")


@pytest.fixture
def several(clustered: Recorder, tmp_path: Path) -> Recorder:
    """A plan with another cluster, which is there already."""
    worker = Cluster(name="worker", kubeconfig=tmp_path / "worker")
    clustered.other_clusters = [ClusterAt(worker, LocalHost())]
    worker.kubeconfig.write_text(WORKER.format(current="kind-worker"))
    return clustered


async def contexts(ctx: Recorder) -> tuple[str, list[str]]:
    """The context that kubectl uses in a command, and those that it knows."""
    await run(command(shell="kubectl config current-context; kubectl config get-contexts -o name"), ctx)
    first, *known = [text for _, text in ctx.lines]
    return first, known


@pytest.mark.skipif(not KUBECTL, reason="kubectl is not installed")
@pytest.mark.parametrize("there", ["its own", "shared", "none"])
async def test_of_several_clusters_the_step_s_own_is_meant_and_others_are_known_by_name(
    several: Recorder, tmp_path: Path, there: str
) -> None:
    if there == "its own":
        await asyncio.to_thread((tmp_path / "kubeconfig").write_text, MINE.format(current="kind-demo"))
    elif there == "shared":
        several.plan_cluster = Cluster(name="demo", kubeconfig=tmp_path / "worker")
    current, known = await contexts(several)
    assert current == "kind-demo"  # also while it does not exist yet: it never is another
    assert "kind-worker" in known
    if there == "its own":
        assert (
            await run(command(shell=SHOW), several)
        ).note == f"{tmp_path / 'kubeconfig'}:{tmp_path / 'worker'}|"


@pytest.mark.skipif(not KUBECTL, reason="kubectl is not installed")
async def test_elsewhere_a_command_gets_kubeconfigs_of_the_clusters_that_are_there(
    several: Recorder, tmp_path: Path
) -> None:
    async with peer(tmp_path) as kind:
        kind.host.shares_files = False  # as if it were another machine
        several.host = several.cluster_at = kind.host
        near = several.other_clusters[0].cluster
        for at, known in (LocalHost(), ["kind-demo"]), (kind.host, ["kind-demo"] * 2):
            several.other_clusters = [ClusterAt(near, at)]
            several.lines.clear()
            script = "IFS=:; cat $KUBECONFIG | sed -n 's/^current-context: //p'"
            await run(command(shell=script), several)
            assert [text for _, text in several.lines] == known  # which this kind calls all of its clusters
        several.cluster_at = LocalHost()
        several.lines.clear()
        await run(command(shell="kubectl config current-context"), several)
        assert [text for _, text in several.lines] == ["kind-demo"]


class Apart(LocalHost):
    """This machine, reached as one whose files are not here."""

    shares_files = False


@pytest.mark.parametrize("host", [LocalHost, Apart])
async def test_its_output_is_what_it_prints_without_its_errors(ctx: Recorder, host: type[LocalHost]) -> None:
    ctx.host = host(cache=ctx.cache)
    done = await run(command(shell="echo noise >&2; printf 'ein Wört\r\n zwei\n\n'", output="word"), ctx)
    assert (done.output, done.note) == ("ein Wört\r\n zwei", "word is ein Wört zwei")
    assert [text for _, text in ctx.lines] == ["noise", "ein Wört", " zwei"]
    done = await run(command(argv=("printf", "%s", "a b"), output="word"), ctx)
    assert done.output == "a b"


@pytest.mark.parametrize(
    ("shell", "cause"),
    [
        ("echo; echo seen >&2", "its output 'word' is empty"),
        ("head -c 70000 /dev/zero | tr '\\0' x", "its output 'word' is longer than 64 KiB"),
        ("printf '\\377'", "its output 'word' is not UTF-8 text"),
        ("printf 'a\\000b'", "its output 'word' has a NUL byte"),
        ("echo said; exit 3", "echo said; exit 3 exited with status 3"),
    ],
)
async def test_an_output_that_is_none_fails(ctx: Recorder, shell: str, cause: str) -> None:
    assert (await failure(command(shell=shell, output="word"), ctx)).cause == cause
    if "said" in shell:
        assert [text for _, text in ctx.lines] == ["said"]


@pytest.mark.parametrize(("name", "secret"), [("token", False), ("word", True)])
async def test_an_output_that_is_secret_is_masked_first(ctx: Recorder, name: str, secret: bool) -> None:
    done = await run(command(shell="echo hush-hush", output=name, secret=secret), ctx)
    assert ctx.secrets == ["hush-hush"]
    assert done.output == "hush-hush"
    assert [text for _, text in ctx.lines] == ([] if secret else ["hush-hush"])


async def test_what_it_has_printed_is_told_though_it_ran_out_of_time(ctx: Recorder) -> None:
    ctx.deadline = asyncio.get_running_loop().time() + 0.3
    assert "still ran" in (await failure(command(shell="echo part; sleep 9", output="word"), ctx)).cause
    assert [text for _, text in ctx.lines] == ["part"]
