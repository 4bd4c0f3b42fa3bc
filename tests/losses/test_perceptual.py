import pytest
import torch

from retrato.losses import embedding_loss, perceptual_loss


def test_perceptual_loss_weighs_the_layers():
    features = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 3, 2, 2)]
    target = [torch.full((1, 2, 4, 4), 0.5), torch.full((1, 3, 2, 2), -2.0)]
    assert perceptual_loss(features, target, (0.1, 1.0)).item() == pytest.approx(0.05 + 2.0)


def test_perceptual_loss_refuses_layers_without_a_weight():
    with pytest.raises(ValueError, match="zip"):
        perceptual_loss([torch.zeros(1, 1, 1, 1)] * 2, [torch.zeros(1, 1, 1, 1)] * 2, (1.0,))


def test_embedding_loss_is_the_mean_difference_of_embeddings_of_any_length():
    restored, target = torch.tensor([[3.0, 4.0], [0.0, 0.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
    assert embedding_loss(restored, target).item() == pytest.approx((4 + 1 + 1) / 4)
