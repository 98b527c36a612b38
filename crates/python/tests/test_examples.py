"""The programs in examples/python run."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parents[3] / "examples" / "python").glob("*.py"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_programs_run(program):
    text = program.read_text(encoding="utf-8")
    for package in ("optuna", "sklearn"):
        if f"automl_rs.{package}" in text:
            pytest.importorskip(package)
    run = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout, run.stderr


def test_there_are_programs():
    assert len(PROGRAMS) >= 3
