"""How the study is run again: commands, and the configuration as text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gfce import __version__
from gfce.report.page.study import ReportedStudy
from gfce.report.portable import portable_text


def reproducing(study: ReportedStudy) -> Iterator[str]:
    """The section."""
    name = f"config/{study.config.study}.yaml"
    commands = [
        f"snakemake --configfile {name}    # the study; again: what is due alone",
        f"gfce status {name}               # how far it is, and what no longer fits",
        f"gfce report {name}               # this page",
    ]
    yield f"<p>With gfce {__version__} and the configuration below as <code>{escape(name)}</code>, "
    yield "in the folder of gfce:</p>\n"
    yield _text("\n".join(commands), "Commands")
    yield "<p>The same configuration and data give the same CSV files, byte for byte, on the same "
    yield "kind of machine. The configuration with every default, without its places: "
    yield f"{_dataset(study)}</p>\n<details><summary>Configuration</summary>\n"
    yield _text(portable_text(study.config), "Configuration") + "</details>\n"
    yield from _pack()


def _pack() -> Iterator[str]:
    """What else reviewers ask for; links work where the page lies, in the results."""
    files = {
        "reviewer/CLAIM.md": "CLAIM 2024",
        "reviewer/TRIPOD+AI.md": "TRIPOD+AI",
        "reviewer/DATA_CARD.md": "data card",
        "reviewer/": "all of it, with a card of each model",
        "ro-crate-metadata.json": "every file with its checksum (RO-Crate)",
    }
    links = ", ".join(f'<a href="{path}">{name}</a>' for path, name in files.items())
    yield f"<p>For reviewers, by <code>gfce pack</code>: {links}.</p>\n"


def _dataset(study: ReportedStudy) -> str:
    if study.config.simulation:
        return "add <code>dataset</code> to <code>cohort</code>, the folder to simulate it into."
    return "add <code>dataset</code> to <code>cohort</code>, the folder of the BIDS dataset."


def _text(content: str, label: str) -> str:
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f"<pre><code>{escape(content)}</code></pre></div>\n"
    )
