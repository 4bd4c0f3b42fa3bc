import pytest
import torch

from retrato.training.adaptive import AdaptiveAugmentation, AugmentationConfig
from retrato.training.augmentation import ADAPT_EVERY
from retrato.training.division import Division

SURE, UNSURE = torch.full((8, 1), 3.0), torch.tensor([[3.0], [-3.0]])


RAMP = AugmentationConfig(ramp_pictures=1000)


def augmentation(config=RAMP):
    return AdaptiveAugmentation(config, torch.device("cpu"), Division())


def after(found, logits, iterations, count=10):
    for iteration in range(iterations):
        found.follow(logits)
        found.adapt(iteration, count)
    return found.probability


def test_it_rises_by_the_share_of_the_ramp_that_was_seen():
    assert after(augmentation(), SURE, 2 * ADAPT_EVERY) == pytest.approx(2 * ADAPT_EVERY * 10 / 1000)


def test_it_falls_where_the_discriminator_is_unsure_and_never_below_nothing():
    found = augmentation()
    after(found, SURE, 2 * ADAPT_EVERY)
    assert after(found, UNSURE, ADAPT_EVERY) == pytest.approx(ADAPT_EVERY * 10 / 1000)
    assert after(found, UNSURE, 4 * ADAPT_EVERY) == 0


def test_between_adaptations_it_stays():
    assert after(augmentation(), SURE, ADAPT_EVERY - 1) == 0


def test_without_a_config_nothing_is_changed_but_the_sign_is_known():
    found = augmentation(None)
    found.follow(UNSURE)
    found.follow(SURE)
    assert found.numbers()["real_sign"] == 0.5
    assert after(found, SURE, 2 * ADAPT_EVERY) == 0


def test_it_goes_on_from_a_state_in_the_midst_of_what_it_follows():
    config = AugmentationConfig(target=0.4, ramp_pictures=1000)
    one, other = augmentation(config), augmentation(config)
    after(one, SURE, ADAPT_EVERY + 1)  # of two looks since the last adaptation one is going to be sure
    other.resume(one.state())
    for each in (one, other):
        each.follow(UNSURE)
        each.adapt(2 * ADAPT_EVERY - 1, 10)
    assert one.probability == other.probability == pytest.approx(2 * ADAPT_EVERY * 10 / 1000)
