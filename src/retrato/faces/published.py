"""Faces cut out and put back as the published pipeline of GFP-GAN does (facexlib 0.3.0), for results that compare.

The published code works on the whole photo for each face; here the same numbers are computed where the face is, a few
rows at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int

from retrato.faces.alignment import FFHQ_LANDMARKS, Pixels, Region, closest_map, scale_of, scaling, shift, then, warped
from retrato.faces.face import Face, FaceCrop
from retrato.faces.parser import FaceParser
from retrato.faces.paste import BAND_HEIGHT, PlacedFace
from retrato.images.tensors import to_pictures
from retrato.networks.parsenet import Region as FaceRegion
from retrato.shapes import Affine, Image, Mask

BEYOND_PHOTO = (132, 133, 135)
"""Colour of a crop where there is no photo."""
NOT_PASTED = (FaceRegion.BACKGROUND, FaceRegion.HAT, FaceRegion.NECKLACE, FaceRegion.NECK, FaceRegion.CLOTHES)
"""What the photo keeps where the face is parsed."""
PARSED_SIZE = 512
"""Width and height at which masks of parsed faces are blurred; the next three are pixels of it."""
BLUR_WIDTH, BLUR_DEVIATION = 101, 11.0
PARSED_BORDER = 10
"""Pixels along each side of a crop that the photo keeps."""

Layer = Float[np.ndarray, "h w"]


class PublishedPlacement:
    """Faces replace the photo: within the regions of a parsed face, or within a square, with a blurred edge.

    Where faces overlap, the later covers the earlier.
    """

    keeps_grey = False

    def __init__(self, parse_faces: FaceParser | None = None) -> None:
        """Choose the mask.

        Args:
            parse_faces: tells skin and hair from background, hat, neck and clothes; None pastes squares.
        """
        self.parse_faces = parse_faces

    def cut_out(self, image: Image, face: Face, size: int) -> FaceCrop:
        """The face upright, grey beyond the photo.

        Raises:
            UnusableFace: no rotation brings the landmarks near their places, or all of them lie in one place.
        """
        to_crop = closest_map(face.landmarks, FFHQ_LANDMARKS * (size / 512))
        crop = cv2.warpAffine(image, to_crop, (size, size), borderMode=cv2.BORDER_CONSTANT, borderValue=BEYOND_PHOTO)
        return FaceCrop(np.asarray(crop), to_crop)

    def paste_back(self, canvas: Image, faces: Sequence[PlacedFace], upscale: int) -> Image:
        """A new picture with the faces in it; levels between two whole ones go to the lower, as published."""
        if len(faces) == 1 and not faces[0].fades:
            return replaced(canvas, faces[0], upscale)
        pasted = canvas.copy()
        patches = [Patch.of(canvas, face, upscale) for face in faces]
        covers = [self._cover(patch, face, upscale) for patch, face in zip(patches, faces, strict=True)]
        for top in range(0, len(canvas), BAND_HEIGHT):
            band = Region(0, top, canvas.shape[1], min(top + BAND_HEIGHT, len(canvas)))
            touching = [cover for cover in covers if cover.patch.region.touches(band)]
            if touching:
                pasted[band.slices] = covered(canvas[band.slices], band, touching)
        return pasted

    def _cover(self, patch: "Patch", face: PlacedFace, upscale: int) -> "Cover":
        """The patch with its mask."""
        if self.parse_faces is None:
            cover = square_cover(patch, upscale)
        else:
            regions = self.parse_faces(to_pictures([face.restored]))[0].numpy()
            share = patch.warped(parsed_mask(regions).astype(np.float32), patch.region)
            cover = Cover(patch, share, share)
        if face.mask is None:
            return cover
        share = patch.warped(face.mask.astype(cover.hides.dtype), patch.region)
        return Cover(patch, cover.hides * share, cover.shows * share)


@dataclass(frozen=True, eq=False)
class Patch:
    """A restored face, and the part of the canvas that it may change."""

    restored: Image
    crop_to_canvas: Affine
    region: Region

    @classmethod
    def of(cls, canvas: Image, face: PlacedFace, upscale: int) -> "Patch":
        """The patch of a face that was cut out of the photo before it was enlarged."""
        crop_to_canvas = way_back(face.crop.photo_to_crop, upscale)
        margin = 2 + scale_of(crop_to_canvas)  # what interpolation spreads beyond the crop's border
        region = Region.around(crop_to_canvas, len(face.restored), margin).within(canvas)
        return cls(face.restored, crop_to_canvas, region)

    def warped(self, picture: Pixels, part: Region) -> Pixels:
        """A picture of the crop's size as it lies in a part of the canvas; nothing around it."""
        height, width = max(part.bottom - part.top, 0), max(part.right - part.left, 0)
        if height * width == 0:
            return np.zeros((height, width, *picture.shape[2:]), picture.dtype)
        to_part = then(self.crop_to_canvas, shift(-part.left, -part.top))
        return np.asarray(cv2.warpAffine(picture, to_part, (width, height), borderMode=cv2.BORDER_CONSTANT))


@dataclass(frozen=True, eq=False)
class Cover:
    """How a patch covers the canvas, for each pixel of its region."""

    patch: Patch
    hides: Layer
    """The part, 0 to 1, of the canvas that goes."""
    shows: Layer
    """The part of the face that comes."""

    def onto(self, picture: Float[np.ndarray, "h w 3"], part: Region) -> Float[np.ndarray, "h w 3"]:
        """What a part of the canvas that lies in the region becomes."""
        region = self.patch.region
        rows = slice(part.top - region.top, part.bottom - region.top)
        columns = slice(part.left - region.left, part.right - region.left)
        hides, shows = self.hides[rows, columns, None], self.shows[rows, columns, None]
        return np.asarray(shows * self.patch.warped(self.patch.restored, part) + (1 - hides) * picture)


def way_back(photo_to_crop: Affine, upscale: int) -> Affine:
    """From the crop to the canvas; half a pixel off where the photo is enlarged, as published."""
    crop_to_canvas = cv2.invertAffineTransform(photo_to_crop) * upscale
    return then(crop_to_canvas, shift(upscale / 2, upscale / 2)) if upscale > 1 else crop_to_canvas


def parsed_mask(regions: Int[np.ndarray, "s s"]) -> Mask:
    """How much of a parsed face, at each of its pixels, covers the photo."""
    is_pasted = (~np.isin(regions, NOT_PASTED)).astype(np.float64)
    mask = cv2.resize(is_pasted, (PARSED_SIZE, PARSED_SIZE), interpolation=cv2.INTER_NEAREST)
    for _ in range(2):
        mask = cv2.GaussianBlur(mask, (BLUR_WIDTH, BLUR_WIDTH), BLUR_DEVIATION)
    inner = slice(PARSED_BORDER, -PARSED_BORDER)
    framed = np.zeros_like(mask)
    framed[inner, inner] = mask[inner, inner]
    return np.asarray(cv2.resize(framed, regions.shape[::-1]))


def square_cover(patch: Patch, upscale: int) -> Cover:
    """A square that keeps away from the crop's border; its own is blurred over a tenth of its width."""
    square = patch.warped(np.ones(patch.restored.shape[:2], np.float32), patch.region)
    if square.size == 0:
        return Cover(patch, square, square)
    without_edge = eroded(square, 2 * upscale)
    blur = int(without_edge.sum() ** 0.5) // 20
    hides = np.asarray(cv2.GaussianBlur(eroded(without_edge, 2 * blur), (2 * blur + 1, 2 * blur + 1), 0))
    return Cover(patch, hides, hides * without_edge)


def eroded(layer: Layer, width: int) -> Layer:
    """The least of each square of that width; of 3 px where it is none, as OpenCV has it."""
    return np.asarray(cv2.erode(layer, np.ones((width, width), np.uint8)))


def covered(picture: Image, band: Region, covers: Sequence[Cover]) -> Image:
    """What a band of the canvas looks like below the covers, one after the other."""
    result = picture.astype(np.result_type(*(cover.hides for cover in covers)))
    for cover in covers:
        part = cover.patch.region.shared_with(band)
        place = slice(part.top - band.top, part.bottom - band.top), slice(part.left, part.right)
        result[place] = cover.onto(result[place], part)
    return np.asarray(result.clip(0, 255).astype(np.uint8))


def replaced(canvas: Image, face: PlacedFace, upscale: int) -> Image:
    """The restored face as large as the canvas, all of which it was cut from."""
    crop_to_canvas = then(cv2.invertAffineTransform(face.crop.photo_to_crop), scaling(upscale, upscale))
    height, width = canvas.shape[:2]
    return np.asarray(warped(face.restored, crop_to_canvas, width, height, cv2.BORDER_REPLICATE))
