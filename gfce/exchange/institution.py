"""The name under which another hospital enters a study."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from gfce.config import Identifier, StudyConfig
from gfce.contract.columns import OVERALL
from gfce.errors import UserError, one_line

TAKEN = {OVERALL.casefold(), "internal", "external"}
"""What tables have beside names of institutions."""


def check_institution(name: str, config: StudyConfig) -> None:
    """Refuse a name that cannot be that of a further institution of a study.

    Raises:
        UserError: it may not stand in a path, means something else in tables, or is taken.
    """
    shown = one_line(name)
    try:
        TypeAdapter(Identifier).validate_python(name)
    except ValidationError:
        raise UserError(
            f"institution {shown}: a name has letters (a to z), digits, - and _ only, and begins "
            "with a letter or digit: choose another, in participants.tsv too"
        ) from None
    own = {each.casefold() for each in config.cohort.institutions}
    if name.casefold() in own | TAKEN:
        raise UserError(
            f"institution {shown}: the study has an institution of that name, or tables mean "
            "something else by it: choose another, in participants.tsv too"
        )
