import pytest
import torch

from retrato.device import DeviceName, choose_device
from retrato.errors import UnavailableDevice


def test_devices_are_known_by_name():
    assert choose_device("cpu") == choose_device(DeviceName.CPU) == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:7"])
def test_an_unknown_device_lists_the_known_ones(name):
    with pytest.raises(UnavailableDevice, match="auto, cpu, cuda, mps"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has one")
def test_a_device_that_is_not_there_says_what_is():
    with pytest.raises(UnavailableDevice, match="this machine has"):
        choose_device("cuda")
