"""Adversarial examples: as captum makes them, within what is allowed, strong; and the network as it was."""

import pytest
import torch
from captum.robust import FGSM, PGD
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from cnnbook import adversarial


def network(seed=0, classes=4):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Tanh(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, classes)
        ).eval()


def linear(weight, bias=0.0):
    """Two classes; the second one's logit is weight · x + bias, the first one's is 0."""
    layer = nn.Linear(weight.numel(), 2)
    with torch.no_grad():
        layer.weight.copy_(torch.stack([torch.zeros(weight.numel()), weight.flatten()]))
        layer.bias.copy_(torch.tensor([0.0, bias]))
    return nn.Sequential(nn.Flatten(), layer)


def images(count=3, seed=0, side=8):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(seed))


PER_IMAGE = nn.CrossEntropyLoss(reduction="none")
LABELS = torch.tensor([0, 3, 1])
ATTACKS = {
    "gradient": lambda model, x, labels: adversarial.input_gradient(model, x, labels),
    "fgsm": lambda model, x, labels: adversarial.fgsm(model, x, labels, 0.1),
    "linf": lambda model, x, labels: adversarial.pgd(model, x, labels, 0.1, steps=3, seed=0),
    "l2": lambda model, x, labels: adversarial.pgd(model, x, labels, 0.5, norm="l2", steps=3, seed=0),
    "lbfgs": lambda model, x, labels: adversarial.lbfgs(model, x, labels, searches=1, iterations=5),
}
every_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


def losses(model, x, labels):
    with torch.no_grad():
        return cross_entropy(model(x), labels, reduction="none")


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")
def test_fgsm_and_pgd_are_captums(targeted):
    model, x = network().double(), images().double()  # a sign must not hang on rounding
    theirs = FGSM(model, PER_IMAGE, 0, 1).perturb(x, 0.1, LABELS, targeted=targeted)
    torch.testing.assert_close(adversarial.fgsm(model, x, LABELS, 0.1, targeted=targeted), theirs)
    theirs = PGD(model, PER_IMAGE, 0, 1).perturb(x, 0.1, 0.03, 6, LABELS, targeted=targeted)
    mine = adversarial.pgd(model, x, LABELS, 0.1, step=0.03, steps=6, targeted=targeted)
    torch.testing.assert_close(mine, theirs)


def test_the_gradient_is_each_images_own():
    model, x = network(), images()
    gradient = adversarial.input_gradient(model, x, LABELS)
    wanted = x.clone().requires_grad_()
    for image, label, each in zip(wanted, LABELS, gradient, strict=True):
        (own,) = torch.autograd.grad(cross_entropy(model(image[None]), label[None]), wanted)
        torch.testing.assert_close(own.sum(dim=0), each)


@settings(max_examples=25, deadline=None)
@given(
    epsilon=st.floats(0, 2), norm=st.sampled_from(adversarial.NORMS), steps=st.integers(1, 4),
    seed=st.one_of(st.none(), st.integers(0, 99)), targeted=st.booleans(), which=st.integers(0, 99),
)  # fmt: skip
def test_pgd_stays_in_the_ball_and_in_the_box(epsilon, norm, steps, seed, targeted, which):
    x = images(seed=which)
    x[0, 0, :2], x[0, 0, 2:4] = 0, 1
    moved = adversarial.pgd(network(), x, LABELS, epsilon, norm=norm, steps=steps, seed=seed, targeted=targeted)
    change = (moved - x).flatten(1)
    size = change.abs().amax(dim=1) if norm == "linf" else change.norm(dim=1)
    assert (size <= epsilon + 1e-5).all()
    assert moved.min() >= 0 and moved.max() <= 1
    assert moved.shape == x.shape and moved.dtype == x.dtype and not moved.requires_grad


@settings(max_examples=25, deadline=None)
@given(epsilon=st.floats(0.01, 0.5), seed=st.integers(0, 999))
def test_no_change_within_epsilon_is_worse_for_a_linear_network_than_fgsms(epsilon, seed):
    generator = torch.Generator().manual_seed(seed)
    model, x = linear(torch.randn(64, generator=generator)), images(1, seed=seed)
    label = torch.tensor([seed % 2])
    worst = losses(model, adversarial.fgsm(model, x, label, epsilon), label)
    others = (x + epsilon * (2 * torch.rand(200, 1, 8, 8, generator=generator) - 1)).clamp(0, 1)
    assert (losses(model, others, label.expand(200)) <= worst + 1e-5).all()


@pytest.mark.parametrize("norm", adversarial.NORMS)
def test_pgd_does_what_it_is_for(norm):
    model, x = network(), images()
    epsilon = 0.2 if norm == "linf" else 1.5
    up = adversarial.pgd(model, x, LABELS, epsilon, norm=norm)
    down = adversarial.pgd(model, x, LABELS, epsilon, norm=norm, targeted=True)
    assert (losses(model, up, LABELS) > losses(model, x, LABELS)).all()
    assert (losses(model, down, LABELS) < losses(model, x, LABELS)).all()
    together = adversarial.pgd(model, x, LABELS, epsilon, norm=norm)
    alone = torch.cat([adversarial.pgd(model, x[i : i + 1], LABELS[i : i + 1], epsilon, norm=norm) for i in range(3)])
    torch.testing.assert_close(together, alone)


def test_l2_pgd_of_a_linear_network_goes_along_its_weights():
    weight = torch.randn(64, generator=torch.Generator().manual_seed(1))
    x = torch.full((1, 1, 8, 8), 0.5)
    moved = adversarial.pgd(linear(weight), x, torch.tensor([0]), 0.4, norm="l2")
    torch.testing.assert_close((moved - x).flatten(), 0.4 * weight / weight.norm())


def test_without_an_epsilon_nothing_moves_and_a_pixel_without_a_gradient_stays():
    model, x = network(), images()
    torch.testing.assert_close(adversarial.fgsm(model, x, LABELS, 0), x)
    torch.testing.assert_close(adversarial.pgd(model, x, LABELS, 0), x)
    torch.testing.assert_close(adversarial.pgd(model, x, LABELS, 0, norm="l2", seed=3), x)
    weight = torch.ones(64)
    weight[:32] = 0
    moved = adversarial.fgsm(linear(weight), x, LABELS.clamp(max=1), 0.1)
    torch.testing.assert_close(moved[:, :, :4], x[:, :, :4])


def test_a_seed_gives_one_random_start_and_no_seed_the_image():
    model, x = network(), images()
    first, same, other = (adversarial.pgd(model, x, LABELS, 0.2, steps=1, step=0.01, seed=seed) for seed in (1, 1, 2))
    assert first.equal(same) and not first.equal(other)
    near = adversarial.pgd(model, x, LABELS, 0.2, steps=1, step=0.01)
    assert (near - x).abs().max() <= 0.0101 < (first - x).abs().max()


def test_lbfgs_finds_a_change_not_much_larger_than_the_smallest():
    weight = torch.randn(64, generator=torch.Generator().manual_seed(2))
    model, x = linear(weight, bias=-2.0 - float(weight.sum()) / 2), torch.full((1, 1, 8, 8), 0.5)
    smallest = 2.0 / weight.norm()  # to where both logits are equal
    for c in (0.1, 10.0, 1e5):
        moved = adversarial.lbfgs(model, x, torch.tensor([1]), c=c, searches=6)
        assert model(moved).argmax() == 1
        assert smallest <= (moved - x).norm() <= 1.25 * smallest


def test_lbfgs_stays_in_the_box_and_reaches_the_targets():
    model, x = network(), images()
    targets = (model(x).argmax(dim=1) + 1) % 4
    moved = adversarial.lbfgs(model, x, targets)
    assert (model(moved).argmax(dim=1) == targets).all()
    assert moved.min() >= 0 and moved.max() <= 1 and not moved.requires_grad


def test_lbfgs_leaves_what_is_said_already_and_gives_back_what_cannot_be_said():
    x = images(2)
    said = linear(torch.zeros(64), bias=1.0)
    assert adversarial.lbfgs(said, x, torch.tensor([1, 1])).equal(x)
    moved = adversarial.lbfgs(said, x, torch.tensor([0, 0]), iterations=3)
    assert moved.shape == x.shape and (said(moved).argmax(dim=1) == 1).all()


@every_attack
def test_the_network_and_the_images_are_as_they_were(attack):
    model, x = network(), images()
    model.train()
    model[1].eval()  # frozen, as in fine-tuning
    model[0].weight.requires_grad_(False)
    model[5].weight.grad = torch.ones_like(model[5].weight)
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    pixels, chance = x.clone(), torch.get_rng_state()
    attack(model, x, LABELS)
    assert [module.training for module in model.modules()] == modes
    assert all(value.equal(state[name]) for name, value in model.state_dict().items())
    assert model[5].weight.grad.equal(torch.ones_like(model[5].weight))
    assert model[5].bias.grad is None and model[1].weight.grad is None
    assert not model[0].weight.requires_grad and model[5].weight.requires_grad
    assert x.equal(pixels) and not x.requires_grad and torch.get_rng_state().equal(chance)


@every_attack
def test_dropout_and_batch_norm_are_as_in_evaluation_whatever_the_mode(attack):
    x = images()
    torch.testing.assert_close(attack(network().train(), x, LABELS), attack(network(), x, LABELS))


@every_attack
def test_it_works_where_gradients_are_switched_off_and_with_frozen_networks(attack):
    model, x = network(), images()
    wanted = attack(model, x, LABELS)
    with torch.no_grad():
        assert attack(model, x, LABELS).equal(wanted)
    assert attack(model.requires_grad_(False), x, LABELS).equal(wanted)


class Rounding(nn.Module):
    def forward(self, x):
        return (255 * x).round().detach().flatten(1)[:, :4]


@every_attack
def test_bad_input_is_named(attack):
    model, x = network(), images()
    for kind, what, wrong in [
        (TypeError, "nn.Module", (lambda pixels: pixels, x, LABELS)),
        (TypeError, "float", (model, (255 * x).to(torch.uint8), LABELS)),
        (ValueError, "images must be a tensor", (model, x[0], LABELS)),
        (ValueError, "images must be a tensor", (model, x[:0], LABELS[:0])),
        (ValueError, "0..1, got", (model, 255 * x, LABELS)),
        (ValueError, "0..1, got", (model, x - 0.5, LABELS)),
        (ValueError, "0..1, got", (model, x.where(x < 0.9, torch.nan), LABELS)),
        (ValueError, "labels must be", (model, x, LABELS[:2])),
        (ValueError, "labels must be", (model, x, LABELS.float())),
        (ValueError, "labels must be", (model, x, 3)),
        (ValueError, "label 4", (model, x, LABELS + 1)),
        (ValueError, "got -1", (model, x, LABELS - 1)),
        (ValueError, "no logits", (model[:3], x, LABELS)),
        (ValueError, "no gradient", (Rounding(), x, LABELS)),
    ]:
        with pytest.raises(kind, match=what):
            attack(*wrong)
    model.train()
    with pytest.raises(ValueError):
        attack(model, x, LABELS + 1)
    assert all(module.training for module in model.modules())  # also where it failed


@pytest.mark.parametrize(
    "what, call",
    [
        ("epsilon", lambda value, m, x: adversarial.fgsm(m, x, LABELS, value)),
        ("epsilon", lambda value, m, x: adversarial.pgd(m, x, LABELS, value)),
        ("step", lambda value, m, x: adversarial.pgd(m, x, LABELS, 0.1, step=value)),
        ("c must", lambda value, m, x: adversarial.lbfgs(m, x, LABELS, c=value)),
    ],
)
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "0.1", None, True])
def test_sizes_that_cannot_be(what, call, value):
    if what == "step" and value is None:  # the default
        return
    with pytest.raises(ValueError, match=what):
        call(value, network(), images())


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", True])
def test_counts_that_cannot_be(value):
    model, x = network(), images()
    with pytest.raises(ValueError, match="steps"):
        adversarial.pgd(model, x, LABELS, 0.1, steps=value)
    with pytest.raises(ValueError, match="iterations"):
        adversarial.lbfgs(model, x, LABELS, iterations=value)
    with pytest.raises(ValueError, match="norm must be"):
        adversarial.pgd(model, x, LABELS, 0.1, norm="linfinity")


def test_normalized_is_the_network_with_its_pixels_normalised_inside():
    model, x = network(), images()
    whole = adversarial.normalized(model, torch.tensor([0.3]), torch.tensor([0.2]))
    torch.testing.assert_close(whole(x), model((x - 0.3) / 0.2))
    assert whole.network is model and not whole.training and adversarial.normalized(model.train(), 0.5, 1.0).training
    assert adversarial.fgsm(whole, x, LABELS, 0.05).shape == x.shape
    with pytest.raises(ValueError, match="above 0"):
        adversarial.normalized(model, 0.5, 0.0)
