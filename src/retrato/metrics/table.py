"""All metrics: what each says, what it does not say, and how to get it."""

from retrato.errors import UnknownMetric
from retrato.metrics import loaders
from retrato.metrics.features import FeatureKind
from retrato.metrics.metric import (
    AnyMetric,
    Better,
    Compares,
    GeneratorMetric,
    MomentsMetric,
    PairMetric,
    PictureMetric,
    SetMetric,
)
from retrato.metrics.path_length import perceptual_path_length
from retrato.metrics.psnr import psnr, psnr_luma
from retrato.metrics.set_distances import frechet_distance, kernel_distance, precision, recall
from retrato.metrics.sharpness import laplacian_variance, relative_sharpness
from retrato.metrics.ssim import ms_ssim, ssim, ssim_luma
from retrato.networks.adaface import Depth
from retrato.networks.lpips import TrunkKind

PIXELS = (
    PairMetric(
        name="psnr",
        title="Peak signal-to-noise ratio, RGB",
        unit="dB",
        better=Better.HIGHER,
        compares=Compares.PAIR,
        says="how close the pixels are",
        does_not_say="whether it looks right: a blur beats sharp hair that lies a pixel aside",
        source="as BasicSR, on all three colours, without a border cut off",
        load=loaders.pair_formula(psnr),
    ),
    PairMetric(
        name="psnr-luma",
        title="Peak signal-to-noise ratio, brightness",
        unit="dB",
        better=Better.HIGHER,
        compares=Compares.PAIR,
        says="the same without colours; one to five decibels higher, so never to be mixed with psnr",
        does_not_say="whether a face has the right colours",
        source="as BasicSR with test_y_channel",
        load=loaders.pair_formula(psnr_luma),
    ),
    PairMetric(
        name="ssim",
        title="Structural similarity, RGB",
        unit="",
        better=Better.HIGHER,
        compares=Compares.PAIR,
        says="whether brightness and structure agree around each pixel",
        does_not_say="whether what is new is plausible: invented detail counts as error",
        source="Wang et al., 2004; as BasicSR, the mean of three colours",
        load=loaders.pair_formula(ssim),
    ),
    PairMetric(
        name="ssim-luma",
        title="Structural similarity, brightness",
        unit="",
        better=Better.HIGHER,
        compares=Compares.PAIR,
        says="the same without colours; higher where noise is coloured",
        does_not_say="whether a face has the right colours",
        source="Wang et al., 2004; as BasicSR with test_y_channel",
        load=loaders.pair_formula(ssim_luma),
    ),
    PairMetric(
        name="ms-ssim",
        title="Structural similarity at five scales",
        unit="",
        better=Better.HIGHER,
        compares=Compares.PAIR,
        says="the same, forgiving of what is fine; needs 176 px",
        does_not_say="much between good results: all are close to 1",
        source="Wang et al., 2003; as pytorch-msssim",
        load=loaders.pair_formula(ms_ssim),
    ),
)

LPIPS_SAYS = "whether two pictures look alike to a network, as people judged of small patches"
LPIPS_SILENT = "whose face it is; distances on different trunks are different scales"
LPIPS_SOURCE = "Zhang et al., 2018, v0.1"
PERCEPTION = (
    PairMetric(
        name="lpips-squeezenet",
        title="LPIPS on SqueezeNet",
        unit="",
        better=Better.LOWER,
        compares=Compares.PAIR,
        weights=(("lpips-squeezenet",), ("squeezenet", "lpips-linear-squeezenet")),
        says=LPIPS_SAYS,
        does_not_say=f"{LPIPS_SILENT}; retrato's models are trained to make this one small",
        source=LPIPS_SOURCE,
        load=loaders.lpips_on(TrunkKind.SQUEEZENET),
    ),
    PairMetric(
        name="lpips-alexnet",
        title="LPIPS on AlexNet",
        unit="",
        better=Better.LOWER,
        compares=Compares.PAIR,
        weights=(("alexnet", "lpips-linear-alexnet"),),
        says=LPIPS_SAYS,
        does_not_say=LPIPS_SILENT,
        source=LPIPS_SOURCE,
        load=loaders.lpips_on(TrunkKind.ALEXNET),
    ),
    PairMetric(
        name="lpips-vgg16",
        title="LPIPS on VGG-16",
        unit="",
        better=Better.LOWER,
        compares=Compares.PAIR,
        weights=(("vgg16", "lpips-linear-vgg16"),),
        says=f"{LPIPS_SAYS}; what papers on face restoration call LPIPS",
        does_not_say=LPIPS_SILENT,
        source=LPIPS_SOURCE,
        load=loaders.lpips_on(TrunkKind.VGG16),
    ),
    PairMetric(
        name="dists",
        title="DISTS",
        unit="",
        better=Better.LOWER,
        compares=Compares.PAIR,
        weights=(("vgg16", "dists"),),
        says="whether structures agree, while a texture may be drawn anew: skin, hair",
        does_not_say="the same at other sizes: published numbers are of pictures of 256 px",
        source="Ding et al., 2020",
        load=loaders.dists,
    ),
)

FACES = (
    PairMetric(
        name="identity-mobilefacenet",
        title="Identity, MobileFaceNet",
        unit="cosine",
        better=Better.HIGHER,
        compares=Compares.FACES,
        weights=(("mobilefacenet",),),
        says="whether a small recognition network takes both for one person",
        does_not_say="what a person would say; retrato's models are trained to please this network",
        source="Chen et al., 2018; retrato's own use",
        load=loaders.mobilefacenet_cosine,
    ),
    PairMetric(
        name="identity-compact",
        title="Identity, bundled embedder",
        unit="cosine",
        better=Better.HIGHER,
        compares=Compares.FACES,
        says="what identity-mobilefacenet says, which taught it, as far as it has learned that; needs no other file",
        does_not_say="the same number: compare it only with itself, and report identity-mobilefacenet where you can",
        source="retrato's own, taught by identity-mobilefacenet's network",
        load=loaders.compact_cosine,
    ),
    PairMetric(
        name="angle-arcface",
        title="Deg (IDD), ArcFace-18",
        unit="degrees",
        better=Better.LOWER,
        compares=Compares.FACES,
        weights=(("arcface-deg",),),
        says="the angle between embeddings that papers report",
        does_not_say="anything of colours: the faces are grey, 128 px. Papers leave out pairs below 1 degree",
        source="Deng et al., 2019; weights and protocol of VQFR (Gu et al., 2022)",
        load=loaders.arcface_angle,
    ),
    PairMetric(
        name="identity-adaface-ir50",
        title="Identity, AdaFace IR-50",
        unit="cosine",
        better=Better.HIGHER,
        compares=Compares.FACES,
        weights=(("adaface-ir50",),),
        says="whether a network made for bad pictures takes both for one person: the gate of the NTIRE challenges",
        does_not_say="the same as another network's cosine",
        source="Kim et al., 2022",
        load=loaders.adaface_cosine(Depth.IR_50),
    ),
    PairMetric(
        name="identity-adaface-ir101",
        title="Identity, AdaFace IR-101",
        unit="cosine",
        better=Better.HIGHER,
        compares=Compares.FACES,
        weights=(("adaface-ir101",),),
        says="the same more surely",
        does_not_say="the same as another network's cosine",
        source="Kim et al., 2022",
        load=loaders.adaface_cosine(Depth.IR_101),
    ),
    PairMetric(
        name="five-landmark-distance",
        title="Distance of five landmarks",
        unit="px of 512",
        better=Better.LOWER,
        compares=Compares.FACES,
        says="whether eyes, nose and mouth are where they were",
        does_not_say="the LMD of papers, which is of 98 landmarks by AWing. Nan where the detector finds no face",
        source="as VQFR's LMD (Gu et al., 2022), by MTCNN's landmarks",
        load=loaders.landmark_distance,
    ),
)

ALONE = (
    PictureMetric(
        name="niqe",
        title="NIQE",
        unit="",
        better=Better.LOWER,
        compares=Compares.PICTURE,
        weights=(("niqe",),),
        says="how natural the texture is; needs two whole blocks of 96 px, and of 256 px sees the upper left 192",
        does_not_say="whether it is true, or a face at all",
        source="Mittal et al., 2013; as BasicSR, Y of BT.601, blocks of 96 px",
        load=loaders.niqe,
    ),
    PictureMetric(
        name="laplacian-variance",
        title="Variance of the Laplacian",
        unit="levels²",
        better=Better.HIGHER,
        compares=Compares.PICTURE,
        says="how strong edges and grain are",
        does_not_say="anything between two different photos, or two sizes; noise raises it",
        source="Pech-Pacheco et al., 2000",
        load=loaders.picture_formula(laplacian_variance),
    ),
    PictureMetric(
        name="relative-sharpness",
        title="Relative sharpness",
        unit="",
        better=Better.HIGHER,
        compares=Compares.FACE,
        says="how much fine structure a face has for its coarse structure, without contrast and grain",
        does_not_say="whether what is sharp is true, or sharpened only",
        source="retrato's own",
        load=loaders.picture_formula(relative_sharpness),
    ),
)


def _sets(kind: FeatureKind, weights: tuple[tuple[str, ...], ...], suffix: str) -> tuple[AnyMetric, ...]:
    """The metrics of two sets, by those features."""
    on = f", {kind.feature_count} features" if suffix else ""
    return (
        MomentsMetric(
            name=f"fid{suffix}",
            title=f"Fréchet Inception Distance{on}",
            unit="",
            better=Better.LOWER,
            compares=Compares.SETS,
            weights=weights,
            says="how far the set as a whole is from the reference, in what is shown and how varied",
            does_not_say="anything of a single picture, or across references or numbers of pictures",
            source="Heusel et al., 2017; resized as pytorch-fid and BasicSR",
            features=kind,
            compare=frechet_distance,
        ),
        SetMetric(
            name=f"kid{suffix}",
            title=f"Kernel Inception Distance{on}",
            unit="",
            better=Better.LOWER,
            compares=Compares.SETS,
            weights=weights,
            says="the same without bias for small sets",
            does_not_say="the same as another paper's, unless the reference is the same",
            source="Bińkowski et al., 2018; 100 subsets of 1000",
            features=kind,
            compare=lambda found, reference: kernel_distance(found, reference).mean,
        ),
        SetMetric(
            name=f"precision{suffix}",
            title=f"Precision{on}",
            unit="",
            better=Better.HIGHER,
            compares=Compares.SETS,
            weights=weights,
            says="which part of the pictures lies among the reference",
            does_not_say="the published number, which is of VGG-16's features; nor across numbers of pictures",
            source="Kynkäänniemi et al., 2019; third neighbour",
            features=kind,
            compare=precision,
        ),
        SetMetric(
            name=f"recall{suffix}",
            title=f"Recall{on}",
            unit="",
            better=Better.HIGHER,
            compares=Compares.SETS,
            weights=weights,
            says="which part of the reference the pictures cover: variety",
            does_not_say="the published number, which is of VGG-16's features; nor across numbers of pictures",
            source="Kynkäänniemi et al., 2019; third neighbour",
            features=kind,
            compare=recall,
        ),
    )


SETS = (
    *_sets(FeatureKind.INCEPTION_2048, (("inception-2015",),), ""),
    *_sets(FeatureKind.INCEPTION_768, (("inception-2015-768",), ("inception-2015",)), "-768"),
)

GENERATORS = (
    GeneratorMetric(
        name="path-length",
        title="Perceptual path length",
        unit="",
        better=Better.LOWER,
        compares=Compares.GENERATOR,
        weights=(("vgg16", "lpips-linear-vgg16"),),
        says="how evenly pictures change between two styles, in W",
        does_not_say="whether they are faces: a generator of one picture has 0",
        source="Karras et al., 2019 and 2020",
        load=loaders.path_measure,
        summarise=perceptual_path_length,
    ),
)

METRICS: tuple[AnyMetric, ...] = (*PIXELS, *PERCEPTION, *FACES, *ALONE, *SETS, *GENERATORS)


def metric(name: str) -> AnyMetric:
    """The row of that name.

    Raises:
        UnknownMetric: there is none.
    """
    for each in METRICS:
        if each.name == name:
            return each
    raise UnknownMetric(f"no metric called {name!r}; known names: {', '.join(each.name for each in METRICS)}")
