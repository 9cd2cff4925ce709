"""What a user sees of a mistake: one line, status 1, no traceback."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pandas as pd
import pytest
import yaml
from cohorts import COHORT, minimal_config, write_cohort

from gfce.cli import ALL_COMMANDS, main, parser


@pytest.fixture
def config(tmp_path: Path) -> Path:
    content = minimal_config(
        results=str(tmp_path / "results"), cohort={"dataset": str(tmp_path / "data")}
    )
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("gfce: error: ")
    return line


def test_steps_out_of_order(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell = "mmgsn_net/min_max/tri/seed-1"
    assert "not a BIDS dataset" in complaint(capsys, "index", config)
    assert "run `gfce index` first" in complaint(capsys, "preprocess", config, "A")
    assert "run `gfce index` first" in complaint(capsys, "train", config, cell)
    assert "run `gfce index` first" in complaint(capsys, "predict", config, cell)
    assert "run `gfce index` first" in complaint(capsys, "figures", config, "figure1")
    assert "run `gfce tabulate` first" in complaint(capsys, "compare", config)
    write_cohort(Path(config).parent / "data", COHORT)
    assert main(["index", str(config)]) == 0
    capsys.readouterr()
    assert "run `gfce leaks` first" in complaint(capsys, "train", config, cell)
    assert main(["leaks", str(config)]) == 0
    capsys.readouterr()
    assert "run `gfce preprocess` first" in complaint(capsys, "train", config, cell)
    assert "run `gfce train` first" in complaint(capsys, "predict", config, cell)
    assert "run `gfce train` first" in complaint(capsys, "evaluate", config, cell)


def test_names_that_do_not_exist(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_cohort(Path(config).parent / "data", COHORT)
    assert main(["index", str(config)]) == 0
    assert "institution E: has no patient" in complaint(capsys, "preprocess", config, "E")
    assert "not one of the grid's 8" in complaint(capsys, "train", config, "unet/min_max/tri/1")
    assert "figure figure9: not one of" in complaint(capsys, "figures", config, "figure9")
    assert "nothing to simulate" in complaint(capsys, "simulate", config)


def test_data_that_were_not_simulated_are_never_overwritten(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = config.parent / "data"
    write_cohort(data, {"sub-Doe": "Institution-1"})
    content = yaml.safe_load(config.read_text())
    content["simulation"] = {"patients": {"Institution-1": 1}, "coarsening": 8, "slices": 1}
    config.write_text(yaml.safe_dump(content))
    assert "holds data that were not simulated" in complaint(capsys, "simulate", config)
    assert (data / "sub-Doe").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"GeneratedBy": 3}', '{"GeneratedBy": [3]}'])
def test_data_that_do_not_say_what_they_are_are_never_overwritten(
    config: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    data = config.parent / "data"
    data.mkdir()
    (data / "dataset_description.json").write_text(content)
    study = yaml.safe_load(config.read_text())
    study["simulation"] = {"patients": {"Institution-1": 1}, "coarsening": 8, "slices": 1}
    config.write_text(yaml.safe_dump(study))
    assert "holds data that were not simulated" in complaint(capsys, "simulate", config)


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "", "nan", "1e3"])
@pytest.mark.parametrize("arguments", [("index", "--workers"), ("plan", "--gpus")], ids=str)
def test_numbers_of_processes_and_gpus(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], number: str
) -> None:
    command, option = arguments
    with pytest.raises(SystemExit) as stopped:
        main([command, "study.yaml", f"{option}={number}"])
    assert stopped.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"{option}: give a whole number above 0, not {number!r}")


def test_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--output", str(tmp_path)]) == 0
    assert "Audit of the derived numbers" in capsys.readouterr().out
    columns = ["table", "row", "column", "printed", "recomputed", "agrees"]
    assert list(pd.read_csv(tmp_path / "audit.csv").columns[:6]) == columns


@pytest.mark.parametrize("name", list(ALL_COMMANDS))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args([name, "--help"])
    assert stopped.value.code == 0
    assert "usage: gfce" in capsys.readouterr().out


def test_a_disks_complaint_names_no_folder_outside_the_project(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cohort(config.parent / "data", COHORT)
    (config.parent / "results").touch()
    assert str(config.parent) not in complaint(capsys, "index", config)
    monkeypatch.chdir(config.parent)
    assert complaint(capsys, "index", config).startswith("gfce: error: results")


def test_a_full_disk_is_one_line_though_the_system_names_no_file(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("gfce.cli.load_config", write)
    assert complaint(capsys, "index", config) == "gfce: error: No space left on device"


def test_a_bugs_traceback_names_no_folder(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        pd.read_csv(path, dtype=3)

    monkeypatch.setattr("gfce.cli.load_config", broken)
    assert main(["index", str(config)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert 'File "gfce/cli.py"' in said
    assert 'File "pandas/' in said
    assert str(Path(pd.__file__).parents[1]) not in said


def test_check_shows_the_cohort_and_stops_at_a_leak(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = config.parent / "data"
    write_cohort(data, COHORT)
    assert main(["check", str(config)]) == 0
    header, first, *_, last = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["institution", "role", "usable"]
    assert header.split()[3:] == ["training", "test", "masks", "excluded"]
    assert first.split() == ["A", "development", "3", "2", "1", "0", "0"]
    assert last == "10 patients usable, 0 excluded, 0 leaks"
    t1w, t2w = (data / f"sub-A1/anat/sub-A1_{suffix}.nii.gz" for suffix in ("T1w", "T2w"))
    t2w.write_bytes(t1w.read_bytes())
    assert main(["check", str(config)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "10 patients usable, 0 excluded, 1 leaks"
    line = "stop: sub-A1 t1w and sub-A1 t2w: are the same file"
    assert line in said.out
    assert "gfce: error: sub-A1 t1w and sub-A1 t2w: are the same file" in said.err
    cell = "mmgsn_net/min_max/tri/seed-1"
    assert "run `gfce leaks` first" in complaint(capsys, "train", config, cell)
