"""Changes of a small configuration that are mistakes, and the line that says so."""

from __future__ import annotations

from math import inf, nan
from typing import Any

NAME = (
    "a name has letters (a to z), digits, - and _ only, and begins with a letter or digit: "
    "rename it"
)
TEXT = "give text (in quotes if it looks like a number or like yes or no)"
INSIDE = "one of results and cohort.dataset lies inside the other: name another folder"
PATH = "a path with a brace, a line break or a control character: rename it"
NETWORKS = "mmgsn_net, pix2pix, unet"
EMPTY = "a path that is empty or begins or ends with a space: write it out"
KEYS = (
    "known: study, seed, results, readable_by, cohort, simulation, images, grid, training, "
    "evaluation, statistics, publication, report, dissection"
)
CASE = "differ only in case, which not every file system keeps apart: rename one"
SHARE = "give a whole number of patients, or a share between 0 and 1"

MISTAKES: list[tuple[dict[str, Any], str]] = [
    # Keys.
    ({"trainin": {}}, "trainin: unknown key (did you mean training?)"),
    (
        {"grid": {"normalisations": ["min_max"]}},
        "grid.normalisations: unknown key (did you mean normalizations?)",
    ),
    (
        {"grid": {"networks": {"mmgsn_net": {"widht": 8}}}},
        "grid.networks.mmgsn_net.widht: unknown key (did you mean width?)",
    ),
    ({"two\nlines": 1}, f"two?lines: unknown key ({KEYS})"),
    (
        {"k" * 5000: 1},
        f"{'k' * 60}...: unknown key ({KEYS})",
    ),
    ({"a": 1, "b": 2}, f"a: unknown key ({KEYS}) (and 1 more)"),
    # Types.
    ({"training": {"epochs": "many"}}, 'training.epochs: give a whole number (given: "many")'),
    ({"training": {"epochs": "3"}}, 'training.epochs: give a whole number (given: "3")'),
    ({"training": {"epochs": True}}, "training.epochs: give a whole number (given: true)"),
    ({"training": {"epochs": 2.0}}, "training.epochs: give a whole number (given: 2.0)"),
    ({"training": {"epochs": None}}, "training.epochs: give a whole number (given: null)"),
    ({"training": {"learning_rate": True}}, "training.learning_rate: give a number (given: true)"),
    ({"training": {"l1_weight": "1"}}, 'training.l1_weight: give a number (given: "1")'),
    (
        {"training": {"walltime_minutes": False}},
        "training.walltime_minutes: give a number (given: false)",
    ),
    (
        {"cohort": {"training_patients": True}},
        "cohort.training_patients: give a number (given: true)",
    ),
    (
        {"cohort": {"training_patients": "0.5"}},
        'cohort.training_patients: give a number (given: "0.5")',
    ),
    ({"grid": {"seeds": [True]}}, "grid.seeds.0: give a whole number (given: true)"),
    ({"grid": {"seeds": 1}}, "grid.seeds: give a list, such as [a, b] (given: 1)"),
    ({"images": {"matrix": [True, 36]}}, "images.matrix.0: give a whole number (given: true)"),
    (
        {"images": {"matrix": [40]}},
        "images.matrix.1: give a list of two numbers, such as [256, 224]",
    ),
    (
        {"images": {"matrix": 40}},
        "images.matrix: give a list of two numbers, such as [256, 224] (given: 40)",
    ),
    ({"cohort": {"development": [1]}}, f"cohort.development.0: {TEXT} (given: 1)"),
    ({"cohort": {"external": [False]}}, f"cohort.external.0: {TEXT} (given: false)"),
    (
        {"cohort": {"development": "A"}},
        'cohort.development: give a list, such as [a, b] (given: "A")',
    ),
    ({"study": 7}, f"study: {TEXT} (given: 7)"),
    ({"results": 7}, "results: give a path (in quotes if it looks like a number) (given: 7)"),
    ({"images": None}, "images: give keys with values (given: null)"),
    ({"grid": {"networks": ["unet"]}}, "grid.networks: give keys with values"),
    # Numbers.
    (
        {"training": {"learning_rate": inf}},
        "training.learning_rate: give a finite number (given: Infinity)",
    ),
    ({"training": {"l1_weight": nan}}, "training.l1_weight: give a finite number (given: NaN)"),
    (
        {"statistics": {"equivalence_margin_mae": -inf}},
        "statistics.equivalence_margin_mae: give a finite number (given: -Infinity)",
    ),
    (
        {"cohort": {"training_patients": nan}},
        "cohort.training_patients: give a number (given: NaN)",
    ),
    ({"cohort": {"training_patients": 0}}, f"cohort.training_patients: {SHARE} (given: 0)"),
    ({"cohort": {"training_patients": 1.5}}, f"cohort.training_patients: {SHARE} (given: 1.5)"),
    (
        {"cohort": {"training_patients": 10**6}},
        f"cohort.training_patients: {SHARE} (given: 1000000)",
    ),
    (
        {"training": {"epochs": 10**9}},
        "training.epochs: give at most 100000 (given: 1000000000)",
    ),
    ({"training": {"epochs": 10**5000}}, "training.epochs: give at most 100000"),
    ({"training": {"learning_rate": 10**5000}}, "training.learning_rate: give a number"),
    ({"training": {"batch_size": 0}}, "training.batch_size: give at least 1 (given: 0)"),
    ({"training": {"threads": -1}}, "training.threads: give at least 1 (given: -1)"),
    (
        {"grid": {"networks": {"unet": {"width": 10**7}}}},
        "grid.networks.unet.width: give at most 1024 (given: 10000000)",
    ),
    (
        {"grid": {"seeds": [2**64]}},
        "grid.seeds.0: give at most 9223372036854775807 (given: 18446744073709551616)",
    ),
    ({"grid": {"seeds": [-1]}}, "grid.seeds.0: give at least 0 (given: -1)"),
    ({"seed": -1}, "seed: give at least 0 (given: -1)"),
    ({"seed": 2**63}, "seed: give at most 9223372036854775807 (given: 9223372036854775808)"),
    (
        {"simulation": {"patients": {"A": 10**9}}},
        "simulation.patients.A: give at most 100000 (given: 1000000000)",
    ),
    (
        {"simulation": {"patients": {"A": True}}},
        "simulation.patients.A: give a whole number (given: true)",
    ),
    (
        {"simulation": {"patients": {"A": 1}, "slices": 10**6}},
        "simulation.slices: give at most 500 (given: 1000000)",
    ),
    (
        {"simulation": {"patients": {"A": 1}, "coarsening": 0.5}},
        "simulation.coarsening: give at least 1.0 (given: 0.5)",
    ),
    (
        {"simulation": {"patients": {"A": 1}, "seed": -3}},
        "simulation.seed: give at least 0 (given: -3)",
    ),
    ({"cohort": {"mask_label": 0}}, "cohort.mask_label: give at least 1 (given: 0)"),
    ({"cohort": {"mask_label": "1"}}, 'cohort.mask_label: give a whole number (given: "1")'),
    (
        {"training": {"epochs": 3, "constant_epochs": 4}},
        "training: constant_epochs is larger than epochs: lower it",
    ),
    # The matrix and the networks.
    (
        {"images": {"matrix": [255, 224]}},
        "images.matrix: 255 x 224 is not divisible by 4, as mmgsn_net needs: change it",
    ),
    (
        {
            "images": {"matrix": [96, 83]},
            "grid": {"networks": {"unet": {}, "m": {"architecture": "mmgsn_net"}}},
        },
        "images.matrix: 96 x 83 is not divisible by 4, as m needs: change it",
    ),
    ({"images": {"matrix": [2048, 224]}}, "images.matrix.0: give at most 1024 (given: 2048)"),
    ({"images": {"matrix": [8, 224]}}, "images.matrix.0: give at least 16 (given: 8)"),
    (
        {"images": {"matrix": [40, 32]}},
        "images.matrix: 40 x 32 is too small for mmgsn_net, which needs 33 x 33: enlarge it",
    ),
    (
        {"images": {"matrix": [20, 40]}, "grid": {"networks": {"p": {"architecture": "pix2pix"}}}},
        "images.matrix: 20 x 40 is too small for p, which needs 24 x 24: enlarge it",
    ),
    (
        {"grid": {"networks": {"mmgsn_net": {"width": 12}}}},
        "grid.networks.mmgsn_net.width: 12 is not divisible by 8, as mmgsn_net needs: change it",
    ),
    (
        {"grid": {"networks": {"mine": {}}}},
        f"grid: networks.mine: say which `architecture` it is (known: {NETWORKS})",
    ),
    (
        {"grid": {"networks": {"a": {"architecture": "unett"}}}},
        "grid.networks.a.architecture: there is no network unett (did you mean unet?)",
    ),
    # What stands twice, or nearly.
    ({"grid": {"seeds": [1, 1]}}, "grid: seeds: the same value stands there twice: keep one"),
    (
        {"grid": {"normalizations": ["nyul", "nyul"]}},
        "grid: normalizations: the same value stands there twice: keep one",
    ),
    (
        {"cohort": {"external": ["A"]}},
        "cohort: institution A is named more than once: name it once",
    ),
    (
        {"cohort": {"development": ["A", "A"]}},
        "cohort: institution A is named more than once: name it once",
    ),
    (
        {"cohort": {"external": ["a"]}},
        f"cohort: institution A and a {CASE}",
    ),
    (
        {"grid": {"networks": {"unet": {}, "UNet": {"architecture": "unet"}}}},
        f"grid: networks: network unet and UNet {CASE}",
    ),
    (
        {"grid": {"training_sets": {"tri": ["A", "B", "C"], "Tri": ["A", "B"]}}},
        f"grid: training_sets: training set tri and Tri {CASE}",
    ),
    (
        {"grid": {"training_sets": {"tri": ["A", "B"], "TRI": ["A", "C"]}}},
        f"grid: training_sets: training set tri and TRI {CASE}",
    ),
    (
        {"grid": {"training_sets": {"a": ["A"], "b": ["A"]}}},
        "grid: training_sets: two of them have the same institutions: keep one",
    ),
    (
        {"grid": {"training_sets": {"a": ["A", "B"], "b": ["B", "A"]}}},
        "grid: training_sets: two of them have the same institutions: keep one",
    ),
    (
        {"grid": {"training_sets": {"a": ["A", "A"]}}},
        "grid.training_sets.a: institution A is named more than once: name it once",
    ),
    (
        {"grid": {"training_sets": {"duo": ["A", "D"]}}},
        "grid.training_sets.duo: D is not one of cohort.development (known: A, B, C)",
    ),
    (
        {"cohort": {"pooled_patients": 2}},
        "cohort.pooled_patients: 2 is fewer than the 3 institutions of training set tri: raise it",
    ),
    (
        {"grid": {"seeds": list(range(2000))}},
        "grid: has 16000 cells, more than 10000: shorten its axes",
    ),
    # What is empty.
    ({"cohort": {"development": []}}, "cohort.development: give at least one"),
    ({"grid": {"seeds": []}}, "grid.seeds: give at least one"),
    ({"grid": {"normalizations": []}}, "grid.normalizations: give at least one"),
    ({"grid": {"networks": {}}}, "grid.networks: give at least one"),
    ({"grid": {"training_sets": {"a": []}}}, "grid.training_sets.a: give at least one"),
    ({"simulation": {"patients": {}}}, "simulation.patients: give at least one"),
    ({"study": ""}, f'study: {NAME} (given: "")'),
    ({"results": ""}, f'results: {EMPTY} (given: "")'),
    ({"cohort": {"dataset": " "}}, f"cohort.dataset: {EMPTY}"),
    # Names.
    ({"study": "a/b"}, f'study: {NAME} (given: "a/b")'),
    ({"study": ".."}, f'study: {NAME} (given: "..")'),
    ({"study": "-x"}, f'study: {NAME} (given: "-x")'),
    ({"study": "x\n"}, f'study: {NAME} (given: "x\\n")'),
    ({"study": "{cell}"}, f'study: {NAME} (given: "{{cell}}")'),
    (
        {"study": "x" * 65},
        f'study: a name has at most 64 characters: shorten it (given: "{"x" * 59}...)',
    ),
    ({"cohort": {"development": ["../etc"]}}, f'cohort.development.0: {NAME} (given: "../etc")'),
    (
        {"cohort": {"development": ["North Hospital"]}},
        f'cohort.development.0: {NAME} (given: "North Hospital")',
    ),
    ({"cohort": {"external": ["Zürich"]}}, f'cohort.external.0: {NAME} (given: "Zürich")'),
    ({"grid": {"training_sets": {"a.b": ["A"]}}}, f'grid.training_sets.a.b: {NAME} (given: "a.b")'),
    ({"grid": {"networks": {"a'b": {}}}}, f"grid.networks.a'b: {NAME} (given: \"a'b\")"),
    (
        {"grid": {"normalizations": ["z_scor"]}},
        "grid.normalizations.0: give 'dataset_z_score', 'min_max', 'nyul', "
        "'percentile_min_max', 'slice_z_score' or 'z_score'",
    ),
    # Paths.
    ({"results": "data/results"}, f"results: {INSIDE}"),
    ({"results": "data"}, f"results: {INSIDE}"),
    ({"results": "."}, f"results: {INSIDE}"),
    ({"cohort": {"dataset": "results/../results/data"}}, f"results: {INSIDE}"),
    ({"cohort": {"dataset": "/"}}, f"results: {INSIDE}"),
    ({"results": "a{b}"}, f'results: {PATH} (given: "a{{b}}")'),
    ({"cohort": {"dataset": "{data}"}}, f'cohort.dataset: {PATH} (given: "{{data}}")'),
    ({"cohort": {"dataset": "a\nb"}}, f'cohort.dataset: {PATH} (given: "a\\nb")'),
    ({"cohort": {"dataset": "a\0b"}}, f'cohort.dataset: {PATH} (given: "a\\u0000b")'),
    ({"cohort": {"dataset": "a\ud800b"}}, f'cohort.dataset: {PATH} (given: "a?b")'),
    (
        {"cohort": {"dataset": "~/data"}},
        'cohort.dataset: a path that begins with ~: write the whole path (given: "~/data")',
    ),
    ({"results": "-r"}, 'results: a path that begins with -: write the whole path (given: "-r")'),
    (
        {"simulation": {"patients": {"A": 1}, "protocols": ""}},
        f'simulation.protocols: {EMPTY} (given: "")',
    ),
]
