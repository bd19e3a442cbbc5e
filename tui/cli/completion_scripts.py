"""The scripts that have a shell complete commands: click's, but for those of bash and zsh.

Those of click lose names where files are offered beside them, and in zsh all that comes after a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

if TYPE_CHECKING:
    import click


class _Bash(BashComplete):
    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' type value completion
    for completion in $(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete $1); do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            plain) COMPREPLY+=("$value") ;;
            dir) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$value")) ;;
            file) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$value")) ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""  # noqa: E501 - a line of the script

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that; bash has broken them at each `=`."""
        words, incomplete = super().get_completion_args()
        args: list[str] = []
        for word in words:
            if args and (word == "=" or args[-1].endswith("=")):
                args[-1] += word
            else:
                args.append(word)
        return [*args[:-1], *(each.removesuffix("=") for each in args[-1:])], incomplete


class _Zsh(ZshComplete):
    source_template = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a response names described
    local type value help
    (( ! $+commands[%(prog_name)s] )) && return 1
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete %(prog_name)s)}")
    for type value help in "${response[@]}"; do
        case $type in
            plain) [[ $help == _ ]] && names+=("$value") || described+=("$value:$help") ;;
            dir) _path_files -/ ;;
            file) _path_files ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#names )) && compadd -V unsorted -a names
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""  # noqa: E501 - a line of the script


class _Fish(FishComplete):
    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return what is offered, as whole words: `--mode=eager`."""
        name, equals, _ = incomplete.partition("=") if incomplete.startswith("--") else ("", "", "")
        found = super().get_completions(args, incomplete)
        for each in found if equals else ():
            each.value = f"{name}={each.value}"
        return found


_KINDS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def script(command: click.Command, shell: str) -> str:
    """Return the script by which a shell completes a command."""
    return _KINDS[shell](command, {}, "bringup", "_BRINGUP_COMPLETE").source()


def prepare() -> None:
    """Have click answer these scripts."""
    for kind in _KINDS.values():
        add_completion_class(kind)
