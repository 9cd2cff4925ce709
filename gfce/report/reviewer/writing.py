"""`gfce pack`: what reviewers ask for, in reviewer/, and the study as an RO-Crate."""

from __future__ import annotations

from gfce.exchange.card import model_card, scored_study
from gfce.files import write_json, write_text
from gfce.provenance.state import Provenance
from gfce.report.reviewer import cohort_facts, model_facts, score_facts
from gfce.report.reviewer.checklist import CHECKLISTS, filled
from gfce.report.reviewer.crate import crate
from gfce.report.reviewer.data_card import data_card
from gfce.report.reviewer.facts import MakesFact
from gfce.report.reviewer.packed_study import PackedStudy
from gfce.study import cells

FACTS: dict[str, MakesFact] = {**cohort_facts.FACTS, **model_facts.FACTS, **score_facts.FACTS}
"""Every fact by the name that the lists know it by."""


def write_pack(state: Provenance) -> None:
    """Write the checklists, the cards and the crate of a study.

    A result that is not there or does not fit is named as such; a model without one has no card.

    Raises:
        UserError: the cohort has not been indexed.
    """
    study = PackedStudy.of(state)
    results, texts = study.results, {"DATA_CARD.md": data_card(study)}
    texts |= {each.file: filled(each, study, FACTS) for each in CHECKLISTS}
    scored = scored_study(study.config, state)
    for cell in cells(study.config):
        if cell in study.runs:
            texts[f"models/{cell}.md"] = model_card(study.config, [cell], state, scored)
    for name, text in texts.items():
        write_text(text, results.reviewer / name)
    write_json(crate(study, texts), results.crate)
