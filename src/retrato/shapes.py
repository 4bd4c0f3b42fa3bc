"""The shapes that cross borders, by name.

Outside, a picture is an `Image`; inside, a tensor in [-1, 1]. Letters: n pictures, c channels, h rows, w columns, s the
side of a square face.
"""

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

Image = UInt8[np.ndarray, "h w 3"]
"""RGB, 0 to 255."""

Mask = Float[np.ndarray, "h w"]
"""How much of something each pixel takes, 0 to 1."""

Affine = Float[np.ndarray, "2 3"]
"""Maps (x, y, 1) of one picture to (x, y) of another, in pixels; the centre of the first pixel is (0, 0)."""

Landmarks = Float[np.ndarray, "5 2"]
"""(x, y) of the eye at the picture's left, the eye at its right, the nose, and the mouth's left and right corner."""

Pictures = Float[Tensor, "n 3 h w"]
"""RGB in [-1, 1]."""

Enlarged = Float[Tensor, "n 3 larger_h larger_w"]
"""RGB around [-1, 1], larger than the `Pictures` that it came from."""

Features = Float[Tensor, "n _ _ _"]
"""What a network makes of pictures on its way, (N, C, h, w)."""

Faces = Float[Tensor, "n 3 s s"]
"""Aligned faces, RGB in [-1, 1]."""

PerPicture = Float[Tensor, " n"]
"""One number for each picture."""

Scalar = Float[Tensor, ""]
"""One number."""
