import numpy as np
import pytest

from retrato.images.grids import Row, sheet, side_by_side


def plain(height, width, level):
    return np.full((height, width, 3), level, np.uint8)


def area(image, level):
    return int((image == level).all(axis=2).sum())


def test_every_picture_is_on_the_sheet_at_the_height_of_its_row():
    drawn = sheet([Row([plain(64, 64, 200), plain(64, 32, 100)])], row_height=64)
    assert (area(drawn, 200), area(drawn, 100)) == (64 * 64, 64 * 32)


def test_smaller_pictures_are_brought_to_the_same_height():
    drawn = sheet([Row([plain(16, 16, 200), plain(64, 64, 100)])], row_height=64)
    assert area(drawn, 200) == area(drawn, 100)


def test_larger_pictures_are_shrunk_in_proportion():
    assert area(sheet([Row([plain(128, 256, 200)])], row_height=64), 200) == 64 * 128


def test_enlarged_pixels_become_squares_of_their_own_colour():
    checks = np.array([[0, 200], [200, 0]], np.uint8)[..., None].repeat(3, axis=2)
    drawn = sheet([Row([checks])], row_height=64)
    assert set(np.unique(drawn)) == {0, 200, 255}


def test_titles_and_captions_are_written_in_dark_ink():
    with_text = sheet([Row([plain(64, 64, 255)], "PSNR 31 dB")], ["Before"], row_height=64)
    assert with_text.min() < 100


def test_a_sheet_without_words_has_none():
    assert sheet([Row([plain(64, 64, 255)])], row_height=64).min() == 255


def test_a_long_caption_takes_more_lines_instead_of_more_width():
    short = sheet([Row([plain(64, 64, 100)], "word")], row_height=64)
    long = sheet([Row([plain(64, 64, 100)], "word " * 30)], row_height=64)
    assert long.shape[1] == short.shape[1]
    assert long.shape[0] > short.shape[0]


def test_a_word_longer_than_its_column_stays_inside_the_margin():
    drawn = sheet([Row([plain(64, 64, 100)])], ["unpronounceable" * 9], row_height=64)
    assert drawn[:, -4:].min() == 255


def test_rows_may_have_different_numbers_of_pictures():
    drawn = sheet([Row([plain(64, 64, 200)]), Row([plain(64, 64, 200)] * 3)], ["a"], row_height=64)
    assert area(drawn, 200) == 4 * 64 * 64


def test_margins_are_even():
    drawn = sheet([Row([plain(64, 64, 0)])], row_height=64)
    rows, columns = np.nonzero(drawn[..., 0] == 0)
    height, width = drawn.shape[:2]
    assert rows.min() == height - 1 - rows.max() == columns.min() == width - 1 - columns.max()


def test_a_sheet_without_pictures_is_refused():
    with pytest.raises(ValueError, match="at least one picture"):
        sheet([Row([])])


def test_side_by_side_keeps_every_pixel():
    left, right = plain(4, 3, 10), plain(6, 5, 20)
    joined = side_by_side([left, right])
    assert joined.shape == (6, 8, 3)
    assert np.array_equal(joined[:4, :3], left)
    assert np.array_equal(joined[:, 3:], right)


def test_nothing_side_by_side_is_refused():
    with pytest.raises(ValueError, match="at least one picture"):
        side_by_side([])
