"""The command by which a study is watched (docs/hpc.md)."""

from __future__ import annotations

import argparse

from gfce.commands import CONFIG, JSON, Command, argument, positive
from gfce.config import load_config
from gfce.errors import UserError


def _status(arguments: argparse.Namespace) -> None:
    from gfce.watching.status import status, status_json, status_text
    from gfce.watching.terminal import INTERVAL_SECONDS, watch

    if arguments.interval and not arguments.watch:
        raise UserError("--interval: is of --watch: give it too, or leave it out")
    if arguments.watch and arguments.json:
        raise UserError("--json: is not for --watch: leave one of them out")
    config = load_config(arguments.config)
    if arguments.watch:
        watch(config, arguments.interval or INTERVAL_SECONDS)
        return
    content = status(config)
    print(status_json(content) if arguments.json else status_text(content), end="")


WATCHING_COMMANDS: dict[str, Command] = {
    "status": Command(
        _status,
        "Show how far every cell of the grid is.",
        [
            CONFIG,
            JSON,
            argument("--watch", action="store_true", help="again and again, until Ctrl-C"),
            argument("--interval", type=positive, metavar="SECONDS", help="of --watch (5)"),
        ],
    ),
}
"""The commands by name."""
