"""How networks that were trained on ImageNet want their pictures."""

from retrato.shapes import Pictures

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, red, green, blue, 0 to 1."""


def normalised(pictures: Pictures) -> Pictures:
    """From [-1, 1] to about zero mean and unit variance."""
    mean, deviation = (pictures.new_tensor(each)[:, None, None] for each in (MEAN, DEVIATION))
    return (pictures / 2 + 0.5 - mean) / deviation
