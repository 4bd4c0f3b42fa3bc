"""The published files that retrato knows."""

from dataclasses import dataclass

from retrato.errors import UnknownWeights


@dataclass(frozen=True)
class PublishedFile:
    """A file as its publisher offers it."""

    name: str
    """What it is called here."""
    file_name: str
    urls: tuple[str, ...]
    """Tried in this order."""
    size_bytes: int
    sha256: str
    licence: str
    purpose: str


PUBLISHED_FILES = (
    PublishedFile(
        name="lpips-squeezenet",
        file_name="lpips_sq.onnx",
        urls=("https://github.com/lusoris/vmaf/raw/0267dfbe83b28366fcad56268d74d351f3b42db7/model/tiny/lpips_sq.onnx",),
        size_bytes=3_268_579,
        sha256="1402626680d5b69a793e647edda2c32f04e192f5cf1e7837bec8bde14187a261",
        licence="BSD-2-Clause",
        purpose="LPIPS v0.1 with SqueezeNet: perceptual loss and metric",
    ),
    PublishedFile(
        name="mobilefacenet",
        file_name="mobilefacenet.pt",
        urls=(
            "https://github.com/foamliu/MobileFaceNet/raw/408e13c0bcd1c10b666f00b07efcc2eab3c5d195/weights/mobilefacenet.pt",
        ),
        size_bytes=4_135_271,
        sha256="90a00ba1d8b0b688af3deb731ed53dca582e6106805d1bc3cfdef55f570493f4",
        licence="Apache-2.0",
        purpose="MobileFaceNet: identity loss and metric",
    ),
)


def published_file(name: str) -> PublishedFile:
    """The entry of that name.

    Raises:
        UnknownWeights: the catalog has none.
    """
    for each in PUBLISHED_FILES:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in PUBLISHED_FILES)
    raise UnknownWeights(f"no published weights called {name!r}; known names: {known}")
