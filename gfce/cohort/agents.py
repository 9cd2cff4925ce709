"""Labels of the entity `ce-` that stand for a contrast agent with gadolinium.

Sources: substances and their codes are those of WHO's ATC class V08CA (paramagnetic contrast media)
that hold gadolinium, without mangafodipir (manganese) and ferric ammonium citrate; trade names are
those of PMC10789139, table 3, and of the European approvals of gadopiclenol (2023).
"""

from __future__ import annotations

from collections.abc import Collection

UNSPECIFIED = ("gadolinium", "gd", "gad", "gado", "gbca")
"""Labels that name no agent: BIDS' own example, and abbreviations of it."""
SUBSTANCES = {
    "gadopentet": ("Magnevist", "Gd-DTPA"),
    "gadoter": ("Dotarem", "Dotagraf", "Clariscan", "Artirem", "Gd-DOTA"),
    "gadodiamid": ("Omniscan", "Gd-DTPA-BMA"),
    "gadoteridol": ("ProHance", "Gd-HP-DO3A"),
    "gadoversetamid": ("OptiMARK", "Gd-DTPA-BMEA"),
    "gadobenat": ("MultiHance", "Gd-BOPTA"),
    "gadobenic": ("MultiHance", "Gd-BOPTA"),
    "gadobutrol": ("Gadovist", "Gadavist", "Gd-BT-DO3A", "Gd-DO3A-butrol"),
    "gadoxet": ("Primovist", "Eovist", "Gd-EOB-DTPA"),
    "gadofosveset": ("Ablavar", "Vasovist", "MS-325"),
    "gadopiclenol": ("Elucirem", "Vueway"),
}
"""Beginnings of the names of substances (gadoterate, gadoteric acid), and other names of each."""


def _plain(name: str) -> str:
    """A name as a label has it: letters and digits, upper and lower case being the same."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


_NAMES = frozenset(UNSPECIFIED) | {_plain(name) for names in SUBSTANCES.values() for name in names}


def has_gadolinium(label: str, others: Collection[str] = ()) -> bool:
    """Whether a label behind `ce-` is an agent with gadolinium; `others` are so too."""
    name = _plain(label)
    return (
        name in _NAMES
        or name.startswith(tuple(SUBSTANCES))
        or name in {_plain(other) for other in others}
    )
