"""docs/metrics.md says what the metrics say."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text()


@pytest.fixture(scope="module")
def tool():
    specification = importlib.util.spec_from_file_location("tables", ROOT / "tools" / "write_metric_tables.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_metrics_and_the_catalog(tool):
    assert tool.with_tables(PAGE) == PAGE, "run python tools/write_metric_tables.py"


def test_the_examples_run(faces, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setattr("retrato.metrics.features.load_extractor", lambda *_: lambda pictures: pictures.mean((2, 3)))
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "metrics.md", "exec"), {"restored": -faces, "targets": faces})
    assert "the targets of the same pictures" in capsys.readouterr().out


def test_every_metric_has_a_row(tool):
    from retrato.metrics.table import METRICS

    assert [line.split("`")[1] for line in tool.metrics_table().splitlines()[2:]] == [each.name for each in METRICS]
