import numpy as np
import pytest
import torch

from retrato.losses.components import (
    TEMPLATE_PLACES,
    Component,
    Place,
    as_tensor,
    cut_component,
    mirrored,
    places_from_landmarks,
)

TEMPLATE = np.array([(192.98, 239.95), (318.90, 240.19), (256.63, 314.02), (201.26, 371.41), (313.09, 371.15)]) / 512


def template_places(count):
    return as_tensor(TEMPLATE_PLACES).expand(count, -1, -1)


@pytest.mark.parametrize(("size", "eye", "mouth"), [(512, 80, 120), (256, 40, 60), (64, 12, 16)])
def test_components_are_cut_where_the_template_has_them(size, eye, mouth):
    faces = torch.zeros(1, 3, size, size)
    for x, y in ((192.98, 239.95), (318.90, 240.19), (257.2, 371.28)):
        faces[0, 0, int(y * size / 512), int(x * size / 512)] = 1
    for component, side in zip(Component, (eye, eye, mouth), strict=True):
        cut = cut_component(faces, component, template_places(1))
        assert cut.shape[-1] == side
        row, column = divmod(int(cut[0, 0].argmax()), side)
        assert abs(row - side / 2) <= 2
        assert abs(column - side / 2) <= 2


def test_a_cut_of_whole_pixels_is_a_slice(rng):
    faces = torch.randn(1, 3, 512, 512, generator=rng)
    places = {**TEMPLATE_PLACES, Component.LEFT_EYE: Place(200 / 512, 240 / 512, 80 / 512)}
    cut = cut_component(faces, Component.LEFT_EYE, as_tensor(places)[None])
    torch.testing.assert_close(cut, faces[:, :, 200:280, 160:240], rtol=0, atol=1e-3)


def test_a_component_twice_as_large_is_averaged_not_skipped_through(rng):
    faces = torch.randn(1, 3, 512, 512, generator=rng)
    places = {**TEMPLATE_PLACES, Component.MOUTH: Place(0.5, 0.5, 240 / 512)}
    cut = cut_component(faces, Component.MOUTH, as_tensor(places)[None])
    expected = torch.nn.functional.avg_pool2d(faces[:, :, 136:376, 136:376], 2)
    torch.testing.assert_close(cut, expected, rtol=0, atol=1e-3)


def test_each_face_is_cut_where_its_own_components_are():
    faces = torch.zeros(2, 3, 128, 128)
    faces[0, :, 30, 40] = faces[1, :, 90, 100] = 1
    places = torch.stack([as_tensor({**TEMPLATE_PLACES, Component.MOUTH: place}) for place in (
        Place(40.5 / 128, 30.5 / 128, 0.2), Place(100.5 / 128, 90.5 / 128, 0.2)
    )])  # fmt: skip
    first, second = cut_component(faces, Component.MOUTH, places)[:, 0]
    assert first.argmax() == second.argmax()
    assert first.max() > 0


def test_the_gradient_goes_back_to_the_component_alone():
    faces = torch.zeros(1, 3, 128, 128, requires_grad=True)
    cut_component(faces, Component.LEFT_EYE, template_places(1)).sum().backward()
    rows, columns = faces.grad[0, 0].nonzero().unbind(1)
    assert 44 <= rows.min() <= rows.max() <= 74
    assert 34 <= columns.min() <= columns.max() <= 62


def test_template_landmarks_give_the_template_places():
    found = as_tensor(places_from_landmarks(TEMPLATE))
    torch.testing.assert_close(found, as_tensor(TEMPLATE_PLACES), rtol=0, atol=0.003)


def test_a_mirrored_face_has_mirrored_places_with_the_eyes_exchanged(rng):
    places = template_places(1).clone()
    places[0, 0, 0] = 0.3
    faces = torch.randn(1, 3, 64, 64, generator=rng)
    eye = cut_component(faces, Component.LEFT_EYE, places)
    other_eye = cut_component(faces.flip(3), Component.RIGHT_EYE, mirrored(places))
    torch.testing.assert_close(eye.flip(3), other_eye, rtol=0, atol=1e-4)
    torch.testing.assert_close(mirrored(mirrored(places)), places)
