import numpy as np
import pytest
import torch
import torch.nn.functional as F

from doubles import REFERENCE
from retrato.degradation.blur import blur, gaussian_kernels


@pytest.mark.parametrize("index", range(5))
def test_kernels_equal_the_published_ones(index):
    stored = np.load(REFERENCE / "blur_kernels.npz")
    size, sigma_x, sigma_y, angle = stored[f"gaussian_{index}_args"]
    sigma, angle = torch.tensor([[sigma_x, sigma_y]]), torch.tensor([angle])
    kernel = gaussian_kernels(sigma, angle, int(size))[0]
    np.testing.assert_allclose(kernel, stored[f"gaussian_{index}"], atol=1e-12)


def test_blur_correlates_each_picture_with_its_own_kernel(faces, rng):
    kernels = torch.rand(4, 5, 5, generator=rng)
    padded = F.pad(faces, (2, 2, 2, 2), mode="reflect")
    expected = torch.cat([
        F.conv2d(padded[i : i + 1], kernels[i].expand(3, 1, 5, 5), groups=3) for i in range(4)
    ])  # fmt: skip
    torch.testing.assert_close(blur(faces, kernels), expected, rtol=0, atol=1e-4)
