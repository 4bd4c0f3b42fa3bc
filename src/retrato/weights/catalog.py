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
    size_bytes: int | None
    """None where nobody has published it."""
    sha256: str | None
    """None where nobody has published it: then the first file fetched is trusted, and later ones must equal it."""
    licence: str
    purpose: str


GFPGAN_RELEASES = "https://github.com/TencentARC/GFPGAN/releases/download"
REAL_ESRGAN_RELEASES = "https://github.com/xinntao/Real-ESRGAN/releases/download"
GFPGAN_MIRROR = "https://huggingface.co/TencentARC/GFPGANv1/resolve/main"

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
    PublishedFile(
        name="vgg19",
        file_name="vgg19-dcbb9e9d.pth",
        urls=("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",),
        size_bytes=574_673_361,
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        licence="BSD-3-Clause (torchvision); network by Oxford's VGG, CC-BY-4.0; trained on ImageNet",
        purpose="VGG-19: GFP-GAN's perceptual and style loss",
    ),
    PublishedFile(
        name="arcface",
        file_name="arcface_resnet18.pth",
        urls=(f"{GFPGAN_RELEASES}/v0.1.0/arcface_resnet18.pth",),
        size_bytes=None,
        sha256=None,
        licence="Apache-2.0",
        purpose="ArcFace-18 on grey faces: GFP-GAN's identity loss",
    ),
    PublishedFile(
        name="stylegan2-ffhq-512",
        file_name="StyleGAN2_512_Cmul1_FFHQ_B12G4_scratch_800k.pth",
        urls=(f"{GFPGAN_RELEASES}/v0.1.0/StyleGAN2_512_Cmul1_FFHQ_B12G4_scratch_800k.pth",),
        size_bytes=None,
        sha256=None,
        licence="Apache-2.0",
        purpose="StyleGAN2 for faces of 512 px, channel multiplier 1: the prior that GFP-GAN v1 was trained around",
    ),
    PublishedFile(
        name="ffhq-components",
        file_name="FFHQ_eye_mouth_landmarks_512.pth",
        urls=(f"{GFPGAN_RELEASES}/v0.1.0/FFHQ_eye_mouth_landmarks_512.pth",),
        size_bytes=None,
        sha256=None,
        licence="Apache-2.0",
        purpose="where eyes and mouth are in each face of FFHQ at 512 px: for GFP-GAN's component discriminators",
    ),
    PublishedFile(
        name="gfpgan-v1",
        file_name="GFPGANv1.pth",
        urls=(f"{GFPGAN_RELEASES}/v0.1.0/GFPGANv1.pth",),
        size_bytes=None,
        sha256=None,
        licence="Apache-2.0",
        purpose="the paper's GFP-GAN: also colours grey faces",
    ),
    PublishedFile(
        name="gfpgan-v1.2",
        file_name="GFPGANv1.2.pth",
        urls=(
            f"{GFPGAN_RELEASES}/v1.3.0/GFPGANv1.2.pth",
            f"{GFPGAN_RELEASES}/v0.2.0/GFPGANCleanv1-NoCE-C2.pth",
            f"{GFPGAN_MIRROR}/GFPGANCleanv1-NoCE-C2.pth",
        ),
        size_bytes=348_632_874,
        sha256="29e25ee90c170f4231163f4c83df6b59c968b73f3ce00cb884015ae005db083c",
        licence="Apache-2.0",
        purpose="GFP-GAN whose faces are the sharpest, with make-up at times; leaves grey ones grey",
    ),
    PublishedFile(
        name="gfpgan-v1.3",
        file_name="GFPGANv1.3.pth",
        urls=(f"{GFPGAN_RELEASES}/v1.3.0/GFPGANv1.3.pth", f"{GFPGAN_MIRROR}/GFPGANv1.3.pth"),
        size_bytes=348_632_874,
        sha256="c953a88f2727c85c3d9ae72e2bd4846bbaf59fe6972ad94130e23e7017524a70",
        licence="Apache-2.0",
        purpose="GFP-GAN whose faces are natural rather than sharp, for very bad and for good pictures",
    ),
    PublishedFile(
        name="gfpgan-v1.4",
        file_name="GFPGANv1.4.pth",
        urls=(
            f"{GFPGAN_RELEASES}/v1.3.0/GFPGANv1.4.pth",
            f"{GFPGAN_RELEASES}/v1.3.4/GFPGANv1.4.pth",
            f"{GFPGAN_MIRROR}/GFPGANv1.4.pth",
        ),
        size_bytes=348_632_874,
        sha256="e2cd4703ab14f4d01fd1383a8a8b266f9a5833dacee8e6a79d3bf21a1b6be5ad",
        licence="Apache-2.0",
        purpose="GFP-GAN with a little more detail than v1.3, and closer to the person: the one to begin with",
    ),
    PublishedFile(
        name="restoreformer",
        file_name="RestoreFormer.pth",
        urls=(f"{GFPGAN_RELEASES}/v1.3.4/RestoreFormer.pth",),
        size_bytes=290_785_322,
        sha256="07404d446d62ca3d5ed38b1de09a947a1e77d46dbccec961a74d713a8f24ace0",
        licence="Apache-2.0",
        purpose="RestoreFormer, as GFPGAN offers it beside its own: restores faces from a dictionary of learned pieces",
    ),
    PublishedFile(
        name="realesr-general-x4v3",
        file_name="realesr-general-x4v3.pth",
        urls=(f"{REAL_ESRGAN_RELEASES}/v0.2.5.0/realesr-general-x4v3.pth",),
        size_bytes=4_885_111,
        sha256="8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
        licence="BSD-3-Clause",
        purpose="Real-ESRGAN, small and fast: enlarges what is around the faces; takes noise out",
    ),
    PublishedFile(
        name="realesrgan-x2plus",
        file_name="RealESRGAN_x2plus.pth",
        urls=(f"{REAL_ESRGAN_RELEASES}/v0.2.1/RealESRGAN_x2plus.pth",),
        size_bytes=67_061_725,
        sha256="49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb",
        licence="BSD-3-Clause",
        purpose="Real-ESRGAN for twice the size, large and slow: what GFPGAN enlarges the background with",
    ),
    PublishedFile(
        name="realesrgan-x4plus",
        file_name="RealESRGAN_x4plus.pth",
        urls=(f"{REAL_ESRGAN_RELEASES}/v0.1.0/RealESRGAN_x4plus.pth",),
        size_bytes=67_040_989,
        sha256="4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
        licence="BSD-3-Clause",
        purpose="Real-ESRGAN for four times the size, large and slow",
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
