import numpy as np

from retrato.faces.detector import keep_best


def test_of_boxes_that_share_much_only_the_best_is_kept():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 0, 30, 10]], dtype=float)
    assert keep_best(boxes, np.array([0.7, 0.9, 0.8]), 0.5).tolist() == [1, 2]


def test_a_box_within_a_box_is_the_same_face_only_if_the_smaller_counts():
    boxes = np.array([[0, 0, 30, 30], [5, 5, 15, 15]], dtype=float)
    scores = np.array([0.9, 0.8])
    assert keep_best(boxes, scores, 0.7).tolist() == [0, 1]
    assert keep_best(boxes, scores, 0.7, of_smaller=True).tolist() == [0]


def test_no_boxes_are_kept_of_none():
    assert keep_best(np.empty((0, 4)), np.empty(0), 0.5).size == 0
