import cv2
import numpy as np
import pytest
import torch

from retrato.metrics.filters import filtered, gaussian


def test_a_gaussian_is_opencv_s():
    assert gaussian(1.5, 11) == pytest.approx(cv2.getGaussianKernel(11, 1.5)[:, 0].tolist())


def test_filters_as_opencv_does_where_the_filter_lies_within(rng):
    maps = torch.rand(2, 3, 20, 30, generator=rng)
    expected = cv2.sepFilter2D(maps[1, 2].numpy(), -1, np.array([1, 2, 1.0]), np.array([1, 2, 1.0]))[1:-1, 1:-1]
    np.testing.assert_allclose(filtered(maps, (1, 2, 1))[1, 2].numpy(), expected, rtol=1e-5)


def test_a_stride_takes_every_so_manyth_value(rng):
    maps = torch.rand(1, 2, 12, 12, generator=rng)
    torch.testing.assert_close(filtered(maps, (1, 2, 1), stride=2), filtered(maps, (1, 2, 1))[..., ::2, ::2])
