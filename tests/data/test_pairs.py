import numpy as np
import PIL.Image
import pytest

from retrato.data import FaceImages, Framing, find_stored_images, paired, unpaired
from retrato.errors import UnusableData


def save(path, colours, size=(8, 8)):
    """Stripes of these colours side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stripes = [np.full((size[1], size[0] // len(colours), 3), each, np.uint8) for each in colours]
    PIL.Image.fromarray(np.concatenate(stripes, 1)).save(path)


def the_only(folder, framing, size=8):
    return FaceImages(paired(find_stored_images([folder])), size, framing=framing)[0]


def test_a_picture_of_two_halves_is_a_pair(tmp_path):
    save(tmp_path / "one.png", (10, 200), (16, 8))
    pair = the_only(tmp_path, Framing.PAIR)
    assert pair.shape == (3, 8, 16)
    assert (pair[..., :8] == 10).all()
    assert (pair[..., 8:] == 200).all()


def test_pictures_of_one_name_in_two_folders_are_a_pair(tmp_path):
    save(tmp_path / "source" / "one.png", (10,))
    save(tmp_path / "target" / "one.webp", (200,), (8, 4))
    pair = the_only(tmp_path, Framing.PAIR)
    assert (pair[..., :8] == 10).all()
    assert np.allclose(pair[..., 8:], 200, atol=3)


def test_pairs_of_several_places_are_not_mixed_up(tmp_path):
    for place, level in (("a", 50), ("b", 100)):
        save(tmp_path / place / "source" / "one.png", (level,))
        save(tmp_path / place / "target" / "one.png", (level + 1,))
    images = paired(find_stored_images([tmp_path / "a", tmp_path / "b"]))
    pairs = FaceImages(images, 8, framing=Framing.PAIR)
    assert [(pairs[each][0, 0, 0].item(), pairs[each][0, 0, 8].item()) for each in range(2)] == [(50, 51), (100, 101)]


def test_a_source_without_target_is_named(tmp_path):
    save(tmp_path / "source" / "one.png", (10,))
    with pytest.raises(UnusableData, match="one is in the folder source, and not in target"):
        paired(find_stored_images([tmp_path]))


def test_a_single_picture_is_no_pair(tmp_path):
    save(tmp_path / "one.png", (10,))
    with pytest.raises(UnusableData, match="twice as wide as high"):
        the_only(tmp_path, Framing.PAIR)


def test_the_middle_of_a_picture_is_taken(tmp_path):
    save(tmp_path / "wide.png", (10, 100, 200), (24, 8))
    assert (the_only(tmp_path, Framing.MIDDLE) == 100).all()


def test_faces_have_to_be_square(tmp_path):
    save(tmp_path / "wide.png", (10, 100, 200), (24, 8))
    with pytest.raises(UnusableData, match="aligned faces are square"):
        the_only(tmp_path, Framing.SQUARE)


def test_pictures_of_two_places_stand_together_all_of_them(tmp_path):
    for number in range(5):
        save(tmp_path / "a" / f"{number}.png", (number,))
    for number in range(2):
        save(tmp_path / "b" / f"other{number}.png", (100 + number,), (16, 8))
    images = unpaired([find_stored_images([tmp_path / each]) for each in ("a", "b")])
    pairs = FaceImages(images, 8, framing=Framing.UNPAIRED)
    levels = [(pairs[each][0, 0, 0].item(), pairs[each][0, 0, 8].item()) for each in range(len(pairs))]
    assert sorted(first for first, _ in levels) == [0, 1, 2, 3, 4]
    assert {second for _, second in levels} == {100, 101}


def test_the_smaller_kind_is_repeated_whichever_it_is(tmp_path):
    save(tmp_path / "source" / "one.png", (10,))
    for number in range(3):
        save(tmp_path / "target" / f"{number}.png", (100 + number,))
    images = unpaired([find_stored_images([tmp_path])])
    assert [each.name for each in images] == ["source/one.png"] * 3
    assert sorted(each.target.name for each in images) == [f"target/{number}.png" for number in range(3)]


@pytest.mark.parametrize(("places", "reason"), [(1, "two kinds are wanted"), (3, "3 places")])
def test_pictures_of_one_kind_or_of_three_are_refused(tmp_path, places, reason):
    save(tmp_path / "one.png", (10,))
    with pytest.raises(UnusableData, match=reason):
        unpaired([find_stored_images([tmp_path])] * places)
