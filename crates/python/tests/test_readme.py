"""The programs of the README run as they stand there."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_programs_run(block, tmp_path, monkeypatch):
    for package in ("optuna", "sklearn"):
        if f"automl_rs.{package}" in block:
            pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(README), "exec"), {"__name__": "readme"})


def test_there_are_programs():
    assert len(BLOCKS) >= 4
