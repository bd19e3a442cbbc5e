"""What runs on a machine over SSH: scripts for `sh`, sent along with each command.

A program runs in a session of its own, below a shell that watches the command's input. When that ends, as the
command was cancelled or the connection was lost, the shell terminates the program with all that descends from
it. Signals over SSH would not do: OpenSSH passes none to processes of root, and none can be sent when the
connection is gone.
"""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tui.hosts.local_engine import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import PurePath

GRACE = 1.5
"""Seconds between asking a group to end and killing it."""

_LOOKS = 5  # a tenth of a second apart, before what still runs is taken as left in the background

# The command for the login shell has `sh` read what to run from the input, up to a line of the random word
# MARK. It is one line without single quotes, backslashes and `!` before a letter: csh, fish and others than
# sh read these differently.
_BEGIN = (
    "nl=$(echo; echo .); nl=${nl%.}; take() { said=; "
    'while IFS= read -r line && [ "$line" != MARK ]; do said="$said$line$nl"; done; '
    '[ "$line" = MARK ] || exit 1; }; take; eval "$said"'
)

# What start-up files of the login shell print comes before MARK. The program, too, comes on the input, since
# all users of a machine see arguments: up to a line of MARK the program, up to another its variables, which
# are set for it alone. A group is reported with its leader's start time, since numbers are used again, and
# in the end the CPU time that shell and program used.
_WRAPPER = """
LOOK
take; eval "$said"; take
PATH="$PATH:/usr/local/bin:/opt/homebrew/bin:$HOME/.local/bin:$HOME/bin:$HOME/go/bin"
echo MARK; echo MARK >&2
if [ -n "$directory" ] && ! cd -- "$directory" 2>/dev/null; then echo "directory" >&2; exit 0; fi
exec 3<&0 4>&2
start() {
  eval "$said"
  case $(look "$2") in absent) echo "absent" >&4; exit 0 ;; denied) echo "denied" >&4; exit 0 ;; esac
  [ -n "$1" ] || shift
  exec "$@" 3<&- 4>&-
}
setsid=$(command -v setsid)
[ -n "$setsid" ] || set -m
start "$setsid" "$@" </dev/null 2>&1 &
group=$!
set +m
( while read -r line <&3; do :; done
  trap "" TERM
  DESCENDANTS
  for try in NAPS; do kill -TERM -$group && break; sleep 0.1; done  # its session may not exist yet
  [ -z "$others" ] || kill -TERM $others
  for try in NAPS; do
    lives=; for each in -$group $others; do kill -0 $each && lives=1; done
    [ -n "$lives" ] || exit
    sleep 0.1
  done
  kill -KILL -$group $others ) >/dev/null 2>&1 4>&- &
watch=$!
START
echo "group $group $start" >&2
wait $group
status=$?
times >&2
left=
for try in $keep; do
  kill -0 -$group 2>/dev/null || { left=; break; }
  left=$(ps -A -o pgid=,stat=,pid=,comm= 2>/dev/null | while read -r its state pid name; do
    case $its:$state in ($group:[!ZX]*) echo "$name ($pid)" ;; esac; done)
  [ -n "$left" ] || break  # nobody has reaped who is left
  sleep 0.1
done
if [ -n "$left" ]; then echo "left $status" $left >&2; wait $watch; exit $status; fi
kill $watch 2>/dev/null
wait $watch  # while it ends the group it ignores that: others than the leader may take longer
exit $status
"""

# Looks for a program as the system does: shells have built-in ones of their own.
_LOOK = """
look() (
  found=absent
  try() {
    [ -e "$1" ] || return 0
    [ -f "$1" ] && [ -x "$1" ] && exit
    found=denied
  }
  IFS=:; set -f
  case $1 in */*) try "$1" ;; *) for place in $PATH; do try "${place:-.}/$1"; done ;; esac
  echo $found
)
""".strip()

# When a group's leader was started, if the system tells.
_START = """
start=; read -r start 2>/dev/null </proc/$group/stat
start=${start##*) }; start=$(set -- $start; echo "${20}")
[ -n "$start" ] || start=$(ps -o lstart= -p $group 2>/dev/null)
""".strip()

# The groups that the program's descendants have made, as `timeout` does, each with a minus. A process whose
# parent has ended descends from nobody: a daemon, which has seen to that, goes on. While the program starts,
# it is still in the group of this shell, which may be that of who knows what else.
_DESCENDANTS = """
others= family=" $group " found=1 all=$(ps -A -o pid=,ppid=,pgid=)
own=$(echo "$all" | while read -r pid parent its; do [ "$pid" != $$ ] || echo "$its"; done)
while [ -n "$found" ]; do
  found=
  while read -r pid parent its; do
    case $family in *" $pid "*) continue ;; *" $parent "*) ;; *) [ "$its" = $group ] || continue ;; esac
    family="$family$pid " found=1
    case "-0 -1 -$own -$group $others " in *"-$its "*) ;; *) others="$others -$its" ;; esac
  done <<ALL
$all
ALL
done
""".strip()

_END = """
ending=
end() {
  group=$1
  START
  [ "$start" = "$2" ] && kill -TERM -$group && ending="$ending -$group"
}
GROUPS
[ -z "$ending" ] || { sleep GRACE; kill -KILL $ending; }
true
"""

_SOCKET = """
if [ -S "$path" ]; then if [ -w "$path" ]; then echo "there $path"; else echo "denied $path"; fi; fi
""".strip()

# SIGPIPE is ignored, as the connection may be gone when the script prints. The directory's name has its
# keeper's process and, as machines may share a home, its machine: one that is left over is removed later.
# The sleep runs in the background: a process that is only just started may miss its signal.
_FACTS = """
umask 077
trap "" PIPE
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bringup
set -- $(uname -snrm)
directory=$cache/ssh-TOKEN-$$@$2
trap "rm -rf \\"$directory\\"" EXIT; trap "kill \\$!; exit 0" HUP INT TERM
if error=$(mkdir -p "$cache" 2>&1 && mkdir "$directory" 2>&1); then echo "directory $directory"
else echo "error $error"; fi
echo "home $HOME"; echo "system $1"; echo "release $3"; echo "processor $4"
for name in DOCKER_HOST DOCKER_CONTEXT CONTAINER_HOST KIND_EXPERIMENTAL_PROVIDER XDG_RUNTIME_DIR TMPDIR; do
  eval "value=\\$$name"; [ -z "$value" ] || echo "variable $name=$value"; done
config=${DOCKER_CONFIG:-$HOME/.docker}/config.json
engine=$DOCKER_HOST
if [ -z "$engine" ] && { [ -n "$DOCKER_CONTEXT" ] || grep -qs currentContext "$config"; } &&
  command -v docker >/dev/null
then engine=$(docker context inspect --format "{{.Endpoints.docker.Host}}" 2>&1 | head -n 1); fi
[ -z "$engine" ] || echo "engine $engine"
for path in PLACES "${engine#unix://}"; do SOCKET; done
echo ready
for old in "$cache"/ssh-*"@$2"; do
  keeper=${old%@*}; kill -0 "${keeper##*-}" 2>/dev/null || rm -rf "$old"
done
while :; do sleep 3600 & wait $!; done
"""


def wrapper(mark: str) -> str:
    """Return the command for the login shell there."""
    return f"exec sh -c {shlex.quote(_BEGIN.replace('MARK', mark))}"


def request(
    mark: str, argv: Sequence[str], env: Mapping[str, str], directory: PurePath | None, keep: bool = False
) -> bytes:
    """Return what that command reads: how to run a program, and which.

    Args:
        mark: The command's mark.
        argv: The program and its arguments.
        env: Variables for it.
        directory: Where it runs.
        keep: Whether what it leaves in the background is reported, and goes on while the input is open.
    """
    naps = " ".join(str(number) for number in range(round(GRACE * 10)))
    script = _WRAPPER.replace("LOOK", _LOOK).replace("START", _START)
    script = script.replace("DESCENDANTS", _DESCENDANTS).replace("NAPS", naps).replace("MARK", mark)
    tries = " ".join(map(str, range(_LOOKS if keep else 0)))
    where = f"directory={shlex.quote(str(directory or ''))} keep={shlex.quote(tries)}"
    program = (where, shlex.join(("set", "--", *argv)))
    variables = (f"export {name}={shlex.quote(value)}" for name, value in env.items())
    return "\n".join((script, mark, *program, mark, *variables, mark, "")).encode(errors="surrogateescape")


def ending(groups: Iterable[tuple[str, str]]) -> str:
    """Return a script that ends what an earlier connection has left running.

    Args:
        groups: Each group's number and its leader's start time.
    """
    calls = "\n".join(shlex.join(("end", number, start)) for number, start in groups)
    return _END.replace("START", _START).replace("GROUPS", calls).replace("GRACE", str(GRACE))


def facts() -> str:
    """Return a script that reports the machine's facts and keeps a private directory until its input ends."""
    usual = places({name: f"${name}" for name in ("XDG_RUNTIME_DIR", "TMPDIR")}, Path("$HOME"))
    sockets = " ".join(f'"{candidate.url.removeprefix("unix://")}"' for candidate in usual)
    script = _FACTS.replace("TOKEN", secrets.token_hex(4)).replace("PLACES", sockets)
    return script.replace("SOCKET", _SOCKET)


def look_at_sockets(paths: Iterable[str]) -> str:
    """Return a script that reports which sockets are `there`, and which of them are `denied` to the user."""
    return f"for path in {shlex.join(paths)}; do {_SOCKET}; done"
