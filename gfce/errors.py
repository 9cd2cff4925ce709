"""Expected user errors."""


class UserError(Exception):
    """A mistake in the user's data or configuration.

    The message is one line: which file or patient, what is wrong, what to do.
    The command line prints it and exits with status 1, without a traceback.
    """


class Interrupted(Exception):  # noqa: N818 - not an error
    """Work that was stopped has saved its state: the same command continues it."""

    exit_code = 75
    """EX_TEMPFAIL of sysexits.h, "try again later"."""


ERROR = "gfce: error: "
"""What the line of a user's mistake begins with, as argparse's does; other lines are progress."""


WARNING = "gfce: warning: "
"""What the line of a warning begins with."""


def one_line(text: str, length: int = 60) -> str:
    """Text of a user's that fits into a message: no control characters, and not too long."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= length else plain[:length] + "..."
