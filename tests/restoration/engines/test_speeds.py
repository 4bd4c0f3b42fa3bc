import pytest

from retrato.precision import Precision
from retrato.restoration.engines.names import EngineName
from retrato.restoration.engines.speeds import MeasuredSpeed, SpeedTable, read_speeds, write_speeds


def measured(engine, precision, *speeds):
    return [MeasuredSpeed("tiny", 32, engine, precision, batch, speed) for batch, speed in enumerate(speeds, 1)]


TABLE = SpeedTable(
    date="2026-01-01",
    hardware="an abacus",
    versions="torch 1",
    commit="abc",
    command="count",
    speeds=(*measured("torch", "fp32", 4, 4), *measured("onnx", "fp32", 2, 10), *measured("torch", "bf16", 99, 99)),
)


def test_the_fastest_has_the_highest_geometric_mean():
    assert TABLE.fastest([EngineName.TORCH, EngineName.ONNX]) is EngineName.ONNX  # 20 > 16, as products


def test_only_what_is_asked_for_is_compared():
    assert TABLE.fastest([EngineName.TORCH]) is EngineName.TORCH
    assert TABLE.fastest([EngineName.TORCH, EngineName.ONNX], Precision.BF16) is EngineName.TORCH


def test_what_was_not_measured_is_not_guessed():
    with pytest.raises(ValueError, match="none of openvino was measured"):
        TABLE.fastest([EngineName.OPENVINO])


def test_a_table_is_read_as_it_was_written(tmp_path):
    write_speeds(TABLE, tmp_path / "speeds.json")
    assert read_speeds(tmp_path / "speeds.json") == TABLE


def test_the_table_of_the_package_says_where_it_comes_from_and_knows_every_engine():
    table = read_speeds()
    assert all((table.date, table.hardware, table.versions, table.commit, table.command))
    engines = {each.engine for each in table.speeds if each.precision == "fp32"}
    assert engines == {each.value for each in EngineName} - {"auto"}
