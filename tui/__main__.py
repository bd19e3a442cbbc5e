"""`python -m tui` is `bringup`."""

from tui.cli import main

main(prog_name="bringup")
