import pytest
import torch

from retrato.precision import Precision, fastest_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"amx_bf16": True}, Precision.BF16), ({"avx512_bf16": True}, Precision.BF16), ({"avx2": True}, Precision.FP32)],
)
def test_a_cpu_computes_in_bf16_only_where_it_multiplies_in_it(capabilities, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert fastest_precision(CPU) is expected


def test_an_older_torch_that_cannot_say_computes_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert fastest_precision(CPU) is Precision.FP32


def test_apples_gpu_computes_in_float32():
    assert fastest_precision(torch.device("mps")) is Precision.FP32
