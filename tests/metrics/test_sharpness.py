import cv2
import numpy as np
import pytest
import torch

from retrato.data.quality import sharpness_of
from retrato.faces.face import FaceCrop
from retrato.images.tensors import to_images, to_pictures
from retrato.metrics.sharpness import laplacian_variance, relative_sharpness


@pytest.fixture(params=[320, 256, 200])
def crops(request, metric_pictures):
    images = [image for each in metric_pictures.values() for image in to_images(each)]
    return [cv2.resize(image, (request.param, request.param), interpolation=cv2.INTER_AREA) for image in images]


def test_the_laplacian_s_variance_is_opencv_s(crops):
    grey = [each @ np.array([0.299, 0.587, 0.114]) for each in crops]  # which OpenCV would round to whole levels
    expected = [cv2.Laplacian(each, cv2.CV_64F).var() for each in grey]
    assert laplacian_variance(to_pictures(crops)).tolist() == pytest.approx(expected, rel=1e-3)


def test_relative_sharpness_is_what_prepared_faces_are_chosen_by(crops):
    unmoved = np.array([[1.0, 0, 0], [0, 1, 0]])
    expected = [sharpness_of(FaceCrop(each, unmoved)) for each in crops]
    assert relative_sharpness(to_pictures(crops)).tolist() == pytest.approx(expected, abs=0.02)


def test_contrast_cancels_out_of_the_relative_one(metric_pictures):
    target = metric_pictures["target"]
    assert relative_sharpness(target / 2).item() == pytest.approx(relative_sharpness(target).item(), abs=1e-3)
    assert laplacian_variance(target / 2).item() == pytest.approx(laplacian_variance(target).item() / 4, rel=1e-3)


def test_a_blur_has_less_of_both(metric_pictures):
    target, blurred = metric_pictures["target"], metric_pictures["blur2"]
    for measure in (laplacian_variance, relative_sharpness):
        assert measure(blurred).item() < 0.7 * measure(target).item()


def test_a_face_of_one_colour_has_no_sharpness():
    assert relative_sharpness(torch.zeros(1, 3, 64, 64)).tolist() == [0]
