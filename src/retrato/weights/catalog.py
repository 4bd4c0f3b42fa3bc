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
    """Or its first digits, where only these are published, in the file's name. None where nobody has published it:
    then the first file fetched is trusted, and later ones must equal it."""
    licence: str
    purpose: str
    """What it is good at."""
    version: str | None = None
    """None where its publisher gives none."""
    page: str | None = None
    """Where a person finds it, if no address gives the file itself."""


FACEXLIB_RELEASES = "https://github.com/xinntao/facexlib/releases/download"
GFPGAN_RELEASES = "https://github.com/TencentARC/GFPGAN/releases/download"
REAL_ESRGAN_RELEASES = "https://github.com/xinntao/Real-ESRGAN/releases/download"
GFPGAN_MIRROR = "https://huggingface.co/TencentARC/GFPGANv1/resolve/main"
PYTORCH_MODELS = "https://download.pytorch.org/models"
LPIPS_WEIGHTS = "https://github.com/richzhang/PerceptualSimilarity/raw/master/lpips/weights/v0.1"
METRIC_FOLDER = "https://drive.google.com/drive/folders/1k3RCSliF6PsujCMIdCD1hNM63EozlDIZ"
"""VQFR's, with what the papers on face restoration measured by."""
ADAFACE_PAGE = "https://github.com/mk-minchul/AdaFace#pretrained-models"

PUBLISHED_FILES = (
    PublishedFile(
        name="lpips-squeezenet",
        file_name="lpips_sq.onnx",
        urls=("https://github.com/lusoris/vmaf/raw/0267dfbe83b28366fcad56268d74d351f3b42db7/model/tiny/lpips_sq.onnx",),
        size_bytes=3_268_579,
        sha256="1402626680d5b69a793e647edda2c32f04e192f5cf1e7837bec8bde14187a261",
        licence="BSD-2-Clause",
        purpose="LPIPS v0.1 with SqueezeNet: perceptual loss and metric",
        version="0.1",
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
        urls=(f"{PYTORCH_MODELS}/vgg19-dcbb9e9d.pth",),
        size_bytes=574_673_361,
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        licence="BSD-3-Clause (torchvision); network by Oxford's VGG, CC-BY-4.0; trained on ImageNet",
        purpose="VGG-19: GFP-GAN's perceptual and style loss",
    ),
    PublishedFile(
        name="vgg16",
        file_name="vgg16-397923af.pth",
        urls=(f"{PYTORCH_MODELS}/vgg16-397923af.pth",),
        size_bytes=553_433_881,
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        licence="BSD-3-Clause (torchvision); network by Oxford's VGG, CC-BY-4.0; trained on ImageNet",
        purpose="VGG-16: trunk of LPIPS and DISTS",
    ),
    PublishedFile(
        name="alexnet",
        file_name="alexnet-owt-7be5be79.pth",
        urls=(f"{PYTORCH_MODELS}/alexnet-owt-7be5be79.pth",),
        size_bytes=244_408_911,
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        licence="BSD-3-Clause (torchvision); trained on ImageNet",
        purpose="AlexNet: trunk of LPIPS",
    ),
    PublishedFile(
        name="squeezenet",
        file_name="squeezenet1_1-b8a52dc0.pth",
        urls=(f"{PYTORCH_MODELS}/squeezenet1_1-b8a52dc0.pth",),
        size_bytes=None,
        sha256="b8a52dc0",
        licence="BSD-3-Clause (torchvision); trained on ImageNet",
        purpose="SqueezeNet 1.1: trunk of LPIPS, where lpips-squeezenet is not at hand",
    ),
    PublishedFile(
        name="lpips-linear-vgg16",
        file_name="lpips_lin_v0.1_vgg.pth",
        urls=(f"{LPIPS_WEIGHTS}/vgg.pth",),
        size_bytes=7_289,
        sha256="a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        licence="BSD-2-Clause",
        purpose="LPIPS v0.1: what the features of VGG-16 count",
    ),
    PublishedFile(
        name="lpips-linear-alexnet",
        file_name="lpips_lin_v0.1_alex.pth",
        urls=(f"{LPIPS_WEIGHTS}/alex.pth",),
        size_bytes=6_009,
        sha256="df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        licence="BSD-2-Clause",
        purpose="LPIPS v0.1: what the features of AlexNet count",
    ),
    PublishedFile(
        name="lpips-linear-squeezenet",
        file_name="lpips_lin_v0.1_squeeze.pth",
        urls=(f"{LPIPS_WEIGHTS}/squeeze.pth",),
        size_bytes=10_811,
        sha256="4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76",
        licence="BSD-2-Clause",
        purpose="LPIPS v0.1: what the features of SqueezeNet count",
    ),
    PublishedFile(
        name="dists",
        file_name="dists_weights.pt",
        urls=("https://github.com/dingkeyan93/DISTS/raw/master/DISTS_pytorch/weights.pt",),
        size_bytes=12_288,
        sha256="f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
        licence="MIT",
        purpose="DISTS: what the features of VGG-16 count",
    ),
    PublishedFile(
        name="niqe",
        file_name="niqe_pris_params.npz",
        urls=("https://github.com/XPixelGroup/BasicSR/raw/master/basicsr/metrics/niqe_pris_params.npz",),
        size_bytes=11_850,
        sha256="2a7c182a68c9e7f1b2e2e5ec723279d6f65d912b6fcaf37eb2bf03d7367c4296",
        licence="Apache-2.0",
        purpose="NIQE: statistics of undistorted pictures, in blocks of 96 px",
    ),
    PublishedFile(
        name="inception-2015",
        file_name="pt_inception-2015-12-05-6726825d.pth",
        urls=(
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        ),
        size_bytes=95_628_359,
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        licence="Apache-2.0 (pytorch-fid; network by TensorFlow); trained on ImageNet",
        purpose="Inception-v3 of 2015-12-05: 2048 features for FID and KID",
    ),
    PublishedFile(
        name="inception-2015-768",
        file_name="inception_v3_2015_768.safetensors",
        urls=(),
        size_bytes=17_944_680,
        sha256="22731bd44db2b4d4d42871c77c847565e20d351ee136f0cb91d9ac1d2fc45016",
        licence="Apache-2.0 (TensorFlow); trained on ImageNet",
        purpose="the first part of inception-2015 in float16: 768 features where the whole is not at hand",
    ),
    PublishedFile(
        name="ffhq-512-statistics",
        file_name="inception_FFHQ_512-f7b384ab.pth",
        urls=(
            "https://huggingface.co/LIAGM/DAEFR_pretrain_model/resolve/main/pretrained_models/inception_FFHQ_512-f7b384ab.pth",
        ),
        size_bytes=None,
        sha256="f7b384ab",
        licence="Apache-2.0 (BasicSR); of FFHQ, whose pictures are CC-BY-NC-SA-4.0 and others",
        purpose="mean and covariance of 50,000 faces of FFHQ at 512 px: what GFP-GAN's and VQFR's FID compares with",
        page=METRIC_FOLDER,
    ),
    PublishedFile(
        name="arcface-deg",
        file_name="resnet18_110.pth",
        urls=(),
        size_bytes=None,
        sha256=None,
        licence="not stated (ronghuaiyang/arcface-pytorch)",
        purpose="ArcFace-18 on grey faces: the angle that papers call Deg or IDD",
        page=METRIC_FOLDER,
    ),
    PublishedFile(
        name="adaface-ir50",
        file_name="adaface_ir50_ms1mv2.ckpt",
        urls=(),
        size_bytes=None,
        sha256=None,
        licence="MIT; trained on MS1MV2",
        purpose="AdaFace IR-50: the identity gate of the NTIRE challenges on face restoration",
        page=ADAFACE_PAGE,
    ),
    PublishedFile(
        name="adaface-ir101",
        file_name="adaface_ir101_webface12m.ckpt",
        urls=(),
        size_bytes=None,
        sha256=None,
        licence="MIT; trained on WebFace12M",
        purpose="AdaFace IR-101: identity, more surely",
        page=ADAFACE_PAGE,
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
        version="1",
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
        version="1.2",
    ),
    PublishedFile(
        name="gfpgan-v1.3",
        file_name="GFPGANv1.3.pth",
        urls=(f"{GFPGAN_RELEASES}/v1.3.0/GFPGANv1.3.pth", f"{GFPGAN_MIRROR}/GFPGANv1.3.pth"),
        size_bytes=348_632_874,
        sha256="c953a88f2727c85c3d9ae72e2bd4846bbaf59fe6972ad94130e23e7017524a70",
        licence="Apache-2.0",
        purpose="GFP-GAN whose faces are natural rather than sharp, for very bad and for good pictures",
        version="1.3",
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
        version="1.4",
    ),
    PublishedFile(
        name="retinaface-mobilenet0.25",
        file_name="detection_mobilenet0.25_Final.pth",
        urls=(f"{FACEXLIB_RELEASES}/v0.1.0/detection_mobilenet0.25_Final.pth",),
        size_bytes=1_789_735,
        sha256="2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
        licence="MIT",
        purpose="RetinaFace on MobileNet: a small and fast face detector",
    ),
    PublishedFile(
        name="retinaface-resnet50",
        file_name="detection_Resnet50_Final.pth",
        urls=(f"{FACEXLIB_RELEASES}/v0.1.0/detection_Resnet50_Final.pth",),
        size_bytes=None,
        sha256="6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d",
        licence="MIT",
        purpose="RetinaFace on ResNet-50: the face detector of the published pipeline",
    ),
    PublishedFile(
        name="parsenet",
        file_name="parsing_parsenet.pth",
        urls=(f"{FACEXLIB_RELEASES}/v0.2.2/parsing_parsenet.pth",),
        size_bytes=None,
        sha256="3d558d8d0e42c20224f13cf5a29c79eba2d59913419f945545d8cf7b72920de2",
        licence="MIT (facexlib); network by PSFR-GAN, CC-BY-NC-SA-4.0; trained on CelebAMask-HQ, for research only",
        purpose="ParseNet: tells face from background where the published pipeline pastes faces",
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


def published_names(*beginnings: str) -> list[str]:
    """All names of published files, or those that begin so."""
    return [each.name for each in PUBLISHED_FILES if each.name.startswith(beginnings or "")]


def published_file(name: str) -> PublishedFile:
    """The entry of that name.

    Raises:
        UnknownWeights: the catalog has none.
    """
    for each in PUBLISHED_FILES:
        if each.name == name:
            return each
    raise UnknownWeights(f"no published weights called {name!r}; known names: {', '.join(published_names())}")
