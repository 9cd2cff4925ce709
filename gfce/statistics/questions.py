"""What a study is asked: the sections of findings.md, in their order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question that several tables may answer.

    Attributes:
        heading: the question.
        limits: what no answer to it shows, in words of Markdown (empty: nothing to say).
    """

    heading: str
    limits: str = ""

    def section(self, answers: str) -> str:
        """The section of findings.md with these answers, a list in Markdown."""
        return "\n\n".join(part for part in (f"## {self.heading}", self.limits, answers) if part)


_ANALYSES = "Analyses share patients and are not independent (stability.csv)."

DROP = Question(
    "Are errors larger at other hospitals?",
    "Nothing is said of the cause (other patients may be harder: see the next question), nor of "
    f"hospitals that are not in the study. {_ANALYSES}",
)
TRANSFER = Question(
    "Is it the move, or are other hospitals' patients harder?",
    "The loss by transfer compares models from home and from elsewhere on the same patients "
    "(transfer.csv); skill is what a model gains on T1w itself (skill.csv).",
)
POOLING = Question(
    "Does pooling hospitals help?",
    f"Nothing is said of hospitals that are not in the study. {_ANALYSES}",
)
NORMALIZATION = Question(
    "Is the drop smaller with another normalization?",
    "A smaller drop is not a smaller error, and nothing is said of hospitals that are not in the "
    f"study. {_ANALYSES}",
)
REPAIRS = Question("What do repairs gain?")
NEXT = Question(
    "What would a next hospital see?",
    "The first interval is of the mean over all hospitals like these; the mean over the patients "
    "of one new hospital is expected in the second. Both take the external institutions for a "
    "random sample of hospitals. They say nothing of a single patient, nor of hospitals unlike "
    "these, and with fewer than about ten institutions the second is wide and rough "
    "(next_hospital.csv).",
)
TUMOURS = Question("Can the tumour be seen?")
MODELS = Question("Which model is best, and is it better than doing nothing?")
CAUSES = Question("What goes with the error?")
OTHER = Question("What else?")

QUESTIONS = (
    *(DROP, TRANSFER, POOLING, NORMALIZATION, REPAIRS),
    *(NEXT, TUMOURS, MODELS, CAUSES, OTHER),
)
