"""Several networks, several sizes of an image: probabilities are averaged."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from cnnbook import data, models, train
from cnnbook.data import ImageSet
from cnnbook.models import Ensemble


class Always(nn.Module):
    """The same logits for every image."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits.expand(len(x), -1)


@pytest.fixture(scope="module")
def trained() -> tuple[ImageSet, train.History, list[nn.Module]]:
    """A test set, how its pixels are normalised, and five networks that saw the same 300 digits."""
    few, test, networks = data.load("digits")[:300], data.load("digits", split="test"), []
    for seed in range(5):
        torch.manual_seed(seed)
        networks.append(models.baselines.dense(size=28, hidden=20))
        history = train.fit(networks[-1], few, epochs=12, lr=0.01, seed=seed, quiet=True)
    return test, history, networks


def test_an_ensemble_of_one_is_its_network(trained):
    test, history, (network, *_) = trained
    one, alone = (train.evaluate(each, test, like=history) for each in (Ensemble(network), network))
    torch.testing.assert_close(one.logits.softmax(dim=1), alone.logits.softmax(dim=1))
    assert one.predictions.equal(alone.predictions) and one.loss == pytest.approx(alone.loss)


def test_an_ensemble_is_better_than_its_networks_are_on_average(trained):
    test, history, networks = trained
    together = train.evaluate(Ensemble(*networks), test, like=history)
    each = [train.evaluate(network, test, like=history) for network in networks]
    assert 0.5 < min(one.accuracy for one in each)
    assert together.accuracy > sum(one.accuracy for one in each) / 5 + 0.005
    assert together.loss < sum(one.loss for one in each) / 5 - 0.01
    mean = torch.stack([one.logits.softmax(dim=1) for one in each]).mean(dim=0)
    torch.testing.assert_close(together.logits.exp(), mean)


def test_probabilities_are_averaged_and_not_logits():
    sure, doubtful = Always(2000.0, 0.0, 0.0), Always(0.0, 3.0, 0.0)
    found = Ensemble(sure, doubtful, doubtful)(torch.zeros(4, 1, 2, 2)).exp()
    p = torch.tensor([0.0, 3.0, 0.0]).softmax(dim=0)
    torch.testing.assert_close(found, ((torch.tensor([1.0, 0, 0]) + 2 * p) / 3).expand(4, 3))
    assert found.argmax(dim=1).eq(1).all()  # the mean of the logits would be (667, 2, 0)


def test_views_and_networks_are_averaged_together(trained):
    test, history, networks = trained
    mirrored = ImageSet(test.images.flip(3), test.labels, test.classes)
    both = train.evaluate(Ensemble(*networks[:2]), test[:50], like=history, views=data.flips).logits.exp()
    four = [train.evaluate(n, images[:50], like=history) for n in networks[:2] for images in (test, mirrored)]
    torch.testing.assert_close(both, torch.stack([each.logits.softmax(dim=1) for each in four]).mean(dim=0))


def test_an_ensemble_of_none_is_refused():
    with pytest.raises(ValueError, match="an ensemble needs one network or more"):
        Ensemble()


@pytest.mark.parametrize("normalize", ["none", "image"])
def test_scales_are_averaged(normalize):
    torch.manual_seed(0)
    model = models.create("resnet20", num_classes=3).eval()
    images = torch.randint(256, (5, 3, 16, 20), dtype=torch.uint8)
    few = ImageSet(images, torch.tensor([0, 1, 2, 0, 1]), ("a", "b", "c"))
    found = train.evaluate(model, few, normalize=normalize, views=data.multi_scale((12, 16, 24)), batch_size=4).logits
    answers = []
    for view in data.multi_scale((12, 16, 24))(images.float() / 255):
        pixels = view[:, 0]
        if normalize == "image":
            pixels = data.standardize()(pixels, None)
        with torch.no_grad():
            answers.append(model(pixels).softmax(dim=1))
    torch.testing.assert_close(found.exp(), torch.stack(answers).mean(dim=0), rtol=1e-4, atol=1e-5)


def test_global_average_pooling_makes_a_network_fully_convolutional():
    """What `multi_scale` relies on: the logits of a larger image are the mean of those at every position."""
    torch.manual_seed(0)
    model = models.create("resnet20", num_classes=5).eval()
    images, linear = torch.randn(2, 3, 40, 56), model[-1]
    with torch.no_grad():
        maps = images
        for layer in list(model)[:-3]:
            maps = layer(maps)  # (2, 64, 10, 14)
        logits = conv2d(maps, linear.weight[:, :, None, None], linear.bias)  # (2, 5, 10, 14)
        assert logits.shape == (2, 5, 10, 14)
        torch.testing.assert_close(model(images), logits.mean(dim=(2, 3)), rtol=1e-4, atol=1e-4)
