"""statistics/dissection.csv: which factor of the protocol takes how much of a drop."""

from __future__ import annotations

from gfce.contract.columns import INSTITUTION, MODEL, N_PATIENTS, REASON, axes
from gfce.contract.table import UNIT_OF_METRIC, Column, Table
from gfce.dissection.factors import FACTORS
from gfce.evaluation.metrics import metric_named
from gfce.evaluation.tables import METRIC as METRIC_COLUMN
from gfce.study import CELL_KEYS

METRIC = metric_named("mae")
"""What v(S) is the mean of: less is better."""
COLUMNS = (
    Column(
        "factor",
        "string",
        "What of the protocol is taken from the training institution",
        allowed=tuple(FACTORS),
    ),
    METRIC_COLUMN,
    Column(
        "internal",
        "number",
        "Mean over the internal test patients of the model, for comparison",
        UNIT_OF_METRIC,
    ),
    Column("none", "number", "v(none): mean over patients, no factor replaced", UNIT_OF_METRIC),
    Column("all", "number", "v(all): the same patients, all factors replaced", UNIT_OF_METRIC),
    Column("gap", "number", "v(none) - v(all): what the factors share", UNIT_OF_METRIC),
    Column(
        "one_at_a_time", "number", "v(none) - v(factor): what it takes off alone", UNIT_OF_METRIC
    ),
    Column(
        "last_one",
        "number",
        "v(all but factor) - v(all): what it takes off when all others are replaced already",
        UNIT_OF_METRIC,
    ),
    Column("shapley", "number", "Shapley value; those of a model add up to gap", UNIT_OF_METRIC),
    Column(
        "shapley_se",
        "number",
        "Monte Carlo standard error of shapley, of these patients; 0: all coalitions were measured",
        UNIT_OF_METRIC,
        minimum=0,
    ),
    Column(
        "shapley_sd",
        "number",
        "Standard deviation of shapley between patients, Monte Carlo error included",
        UNIT_OF_METRIC,
        minimum=0,
    ),
    Column("share_pct", "number", "100 shapley / gap; may be negative or above 100", "%"),
    N_PATIENTS,
    Column(
        "n_orders",
        "integer",
        "Random orders of the factors for each patient, each walked both ways; 0: all coalitions",
        minimum=0,
    ),
    Column(
        "n_evaluations",
        "integer",
        "Examinations that were simulated for the model at the institution",
        minimum=1,
    ),
    REASON,
)
TABLE = Table(
    name="statistics/dissection",
    title="What causes the drop (simulated cohorts)",
    key=(*CELL_KEYS, "institution", "factor"),
    columns=(*axes(CELL_KEYS), MODEL, INSTITUTION, *COLUMNS),
)
