import pytest
import torch

from retrato.evaluation.baselines import Baseline, BaselineRestorer, at_size
from retrato.images.tensors import rounded
from retrato.metrics.psnr import psnr
from retrato.metrics.sharpness import laplacian_variance
from retrato.restoration.restorer import FaceRestorer


@pytest.fixture
def noisy(faces):
    noise = torch.randn(faces.shape, generator=torch.Generator().manual_seed(0))
    return rounded(faces + 0.15 * noise)


@pytest.mark.parametrize("baseline", Baseline)
def test_each_is_a_restorer(baseline, faces):
    restorer = BaselineRestorer(baseline, 64)
    assert isinstance(restorer, FaceRestorer)
    assert restorer(faces).shape == faces.shape


@pytest.mark.parametrize("baseline", Baseline)
def test_a_plain_face_stays_plain(baseline):
    plain = rounded(torch.tensor([0.5, -0.2, 0.1])[None, :, None, None].expand(1, 3, 64, 64))
    assert BaselineRestorer(baseline, 64)(plain).sub(plain).abs().max() <= 2.01 / 127.5


def test_the_denoiser_takes_noise_out(noisy, faces):
    assert (psnr(BaselineRestorer(Baseline.DENOISE, 64)(noisy), faces) > psnr(noisy, faces)).all()


def test_lanczos_takes_out_what_is_finer_than_two_pixels(noisy):
    assert (laplacian_variance(BaselineRestorer(Baseline.LANCZOS, 64)(noisy)) < laplacian_variance(noisy) / 4).all()


def test_unsharp_masking_sharpens(faces):
    large = torch.nn.functional.interpolate(faces, (256, 256), mode="bicubic").clamp(-1, 1)
    assert (laplacian_variance(BaselineRestorer(Baseline.UNSHARP, 256)(large)) > laplacian_variance(large)).all()


def test_a_restorer_of_another_size_is_asked_at_its_own(faces):
    class Small:
        size, name = 32, "small"

        def __call__(self, faces):
            assert faces.shape[-1] == 32
            return faces

    restorer = at_size(Small(), 64)
    assert (restorer.size, restorer.name) == (64, "small (at 32 px)")
    assert restorer(faces).shape == faces.shape
    assert restorer(faces).sub(faces).abs().mean() < 0.2


def test_a_restorer_of_that_size_is_left_as_it_is(unchanged):
    assert at_size(unchanged, 64) is unchanged
