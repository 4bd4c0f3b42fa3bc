import io

import numpy as np
import PIL.Image
import pytest
import torch

from retrato.degradation.jpeg import compress


def pillow_jpeg(picture, quality):
    image = PIL.Image.fromarray(((picture + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling=2)
    return np.asarray(PIL.Image.open(file)).astype(float)


@pytest.mark.parametrize("quality", [30, 60, 75, 95])
def test_loses_what_libjpeg_loses(faces, quality):
    ours = (compress(faces, torch.full((4,), float(quality))) + 1) * 127.5
    for index in range(4):
        difference = ours[index].permute(1, 2, 0).numpy() - pillow_jpeg(faces[index], quality)
        lost = (faces[index] + 1).permute(1, 2, 0).numpy() * 127.5 - pillow_jpeg(faces[index], quality)
        assert np.square(difference).mean() < 0.25 * np.square(lost).mean() + 2


def test_each_picture_has_its_own_quality(faces):
    both = compress(faces[:2], torch.tensor([20.0, 90.0]))
    assert torch.equal(both[:1], compress(faces[:1], torch.tensor([20.0])))
    assert torch.equal(both[1:], compress(faces[1:2], torch.tensor([90.0])))


def test_a_flat_picture_stays_flat():
    grey = torch.full((1, 3, 16, 16), 128 / 127.5 - 1)
    torch.testing.assert_close(compress(grey, torch.tensor([75.0])), grey, rtol=0, atol=1e-6)
