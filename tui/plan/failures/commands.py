"""What shells say of a `command`."""

from __future__ import annotations

from tui.plan.signature import Known, known

COMMANDS: dict[str, Known] = {
    "bash": known(
        r"\bsh: (?:\d+: )?(?:set: )?(?:illegal option -o pipefail|bad substitution"
        r"|(?:\[\[|source|function|declare|shopt|pushd|mapfile|readarray): not found"
        r"|syntax error: (?:\"[(}]\"|redirection) unexpected)",
        "`shell` is carried out by sh: for what only bash knows, write `argv: [bash, -c, …]`",
        "command",
    ),
    "no-terminal": known(
        r"EOF when reading a line|cannot open /dev/tty|/dev/tty: No such device|no tty present"
        r"|a terminal is required to read the password|the input device is not a TTY|stdin is not a terminal",
        "a step has no terminal: have the command ask nothing (such as `--yes`, `sudo -n`, no `-t`)",
        "command",
    ),
    "killed": known(
        "exited with status 137|ended by signal SIGKILL",
        "something killed it, mostly as memory ran out: `dmesg` tells; limit what runs at once with `limit`",
        "command",
    ),
    "where-it-runs": known(
        r"\b(?:ba|da|z)?sh: (?:\d+: )?(?:cannot open )?\S+: no such file|no rule to make target"
        r"|no makefile found|could not read package\.json|no configuration file provided"
        r"|go\.mod file not found|could not find `cargo\.toml`|can't open file",
        "check the name, and where it runs: `folder` says in which directory, by default the plan's own",
        "command",
    ),
    "python-module": known(
        "no module named",
        "install it for the Python that the command runs: name that of a virtual environment by its path",
        "command",
    ),
    "program-absent": known(
        "exited with status 127",
        "install the program that it calls, or add its directory to PATH",
        "command",
    ),
    "not-executable": known(
        "exited with status 126", "make the program that it calls executable (`chmod +x`)", "command"
    ),
    "node-names": known(
        r"lookup [\w.-]+-control-plane\S* on [^\n]*no such host",
        "the nodes do not find each other by name: with Podman install aardvark-dns or its dnsname plugin, "
        "remove its network `kind`, and try again; or have one node",
    ),
}
