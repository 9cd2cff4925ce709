import pytest
import torch

from gfce.config import Training
from gfce.training.losses import step_losses
from gfce.training.schedule import learning_rate


def test_losses_by_hand() -> None:
    synthetic = torch.tensor([0.5, -0.5, 0.0, 1.0]).reshape(1, 1, 2, 2)
    real = torch.tensor([0.0, 0.0, 0.0, 0.0]).reshape(1, 1, 2, 2)
    judged_synthetic = torch.tensor([0.0, 0.5]).reshape(1, 1, 1, 2)
    judged_real = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)
    losses = step_losses(synthetic, real, judged_synthetic, judged_real, l1_weight=100)
    assert losses.adversarial.item() == pytest.approx((1 + 0.25) / 2)
    assert losses.l1.item() == pytest.approx(0.5)
    assert losses.generator.item() == pytest.approx(0.625 + 50)
    assert losses.discriminator.item() == pytest.approx(((0 + 4) / 2 + (0 + 0.25) / 2) / 2)


def test_losses_of_bfloat16_judgements_are_float32() -> None:
    judged = torch.full((1, 1, 2, 2), 0.3, dtype=torch.bfloat16)
    image = torch.zeros(1, 1, 4, 4)
    losses = step_losses(image, image, judged, judged, l1_weight=1)
    assert {loss.dtype for loss in losses} == {torch.float32}
    exact = judged.float()[0, 0, 0, 0].item()
    assert losses.adversarial.item() == pytest.approx((exact - 1) ** 2, rel=1e-6)


def test_schedule_is_constant_and_then_falls_linearly_to_0() -> None:
    settings = Training(epochs=7, constant_epochs=3, learning_rate=1.0)
    rates = [learning_rate(settings, epoch) for epoch in range(8)]
    assert rates == pytest.approx([1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0])


def test_schedule_without_a_fall() -> None:
    settings = Training(epochs=4, constant_epochs=4, learning_rate=0.5)
    assert [learning_rate(settings, epoch) for epoch in range(4)] == [0.5] * 4


def test_schedule_of_the_paper() -> None:
    settings = Training()
    assert learning_rate(settings, 99) == 1e-3
    assert learning_rate(settings, 100) == pytest.approx(1e-3 * 100 / 101)
    assert learning_rate(settings, 199) == pytest.approx(1e-3 / 101)
