"""Networks that join pictures and sentences: A. Karpathy, L. Fei-Fei, "Deep visual-semantic alignments for generating
image descriptions", CVPR 2015; O. Vinyals, A. Toshev, S. Bengio, D. Erhan, "Show and tell", CVPR 2015.

`Alignment` puts regions and words into one space and scores how well a picture and a sentence fit; `Captioner` writes
a sentence. Both read regions as `Regions` makes them, of a CNN whose weights stay fixed.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torchvision.ops import roi_align

from cnnbook.models.rcnn import shape_classifier

CROP = 32  # pixels to which a region is resized
MOST = 5  # regions: the whole picture, and up to four things


class Regions(nn.Module):
    """uint8 images (N, 3, H, W) and, for each, boxes (K, 4) in pixels → features (N, 5, 1077) and which are there,
    bool (N, 5).

    The first region is the whole picture; the boxes follow from left to right. Of a region: the maps of the backbone
    that was trained on `shapes`, as means of 4 × 4 bins (1,024); the colours of the crop, 4 × 4 (48); its box,
    x1, y1, x2, y2 and area as fractions of the picture (5). Raises ValueError for more than four boxes.
    """

    width = 1024 + 48 + 5

    def __init__(self) -> None:
        super().__init__()
        self.backbone = shape_classifier()[0].requires_grad_(False).eval()

        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("deviation", torch.ones(self.width))

    def train(self, mode: bool = True) -> "Regions":
        return super().train(False)  # its batch norm keeps what it learned

    def calibrate(self, images: Tensor, boxes: Sequence[Tensor]) -> "Regions":
        """Take mean and deviation of each feature from these pictures, by which all that follow are standardised."""
        self.mean, self.deviation = torch.zeros(self.width), torch.ones(self.width)
        features, there = self(images, boxes)
        found = features[there]
        self.mean, self.deviation = found.mean(0), found.std(0) + 0.05  # not blown up where a feature hardly varies
        return self

    @torch.no_grad()
    def forward(self, images: Tensor, boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        features = torch.zeros(len(images), MOST, self.width)
        there = torch.zeros(len(images), MOST, dtype=torch.bool)
        for start in range(0, len(images), 100):
            rows = slice(start, start + 100)
            ordered = [with_whole(each, images.shape[-1]) for each in boxes[rows]]
            found = self._described(images[rows].float() / 255, ordered)
            for row, each in enumerate(found.split([len(each) for each in ordered]), start):
                features[row, : len(each)], there[row, : len(each)] = each, True
        return features, there

    def _described(self, images: Tensor, boxes: list[Tensor]) -> Tensor:
        crops = roi_align(images, boxes, CROP, sampling_ratio=2, aligned=True)  # (ΣK, 3, 32, 32)
        maps = nn.functional.adaptive_avg_pool2d(self.backbone(crops), 4).flatten(1)  # (ΣK, 1024)
        colours = nn.functional.adaptive_avg_pool2d(crops, 4).flatten(1) * 2 - 1  # (ΣK, 48)
        place = torch.cat(boxes) / images.shape[-1]  # (ΣK, 4)
        area = (place[:, 2] - place[:, 0]) * (place[:, 3] - place[:, 1])
        return (torch.cat([maps, colours, place, area.unsqueeze(1)], dim=1) - self.mean) / self.deviation


def with_whole(boxes: Tensor, side: int) -> Tensor:
    """The whole picture's box, then `boxes` (K, 4) from left to right by their centres. ValueError if K is over 4."""
    if len(boxes) >= MOST:
        raise ValueError(f"a picture may have up to {MOST - 1} boxes, got {len(boxes)}.")
    order = (boxes[:, 0] + boxes[:, 2]).argsort()
    return torch.cat([boxes.new_tensor([[0, 0, side, side]]), boxes[order]])


def things(there: Tensor) -> Tensor:
    """Of the regions that are there, bool (N, R), those that are not the whole picture."""
    return there & (torch.arange(there.shape[1]) > 0)


class Alignment(nn.Module):
    """Regions (N, R, F) and sentences (M, T) of word numbers, 0 for padding → scores (N, M) of all pairs.

    A region is a linear map of its features, a word the ReLU of both directions of a recurrent network with ReLU
    (section 3.1). The score of a pair is the sum over its words of the best region's product.
    """

    def __init__(self, features: int, words: int, width: int = 64) -> None:
        super().__init__()
        self.regions = nn.Linear(features, width)
        self.embed = nn.Embedding(words, width, padding_idx=0)
        self.recurrent = nn.RNN(width, width, nonlinearity="relu", batch_first=True, bidirectional=True)
        self.words = nn.Linear(width, width)

    def forward(self, features: Tensor, there: Tensor, sentences: Tensor) -> Tensor:
        products = self.products(features, sentences)  # (N, M, R, T)
        best = products.masked_fill(~there[:, None, :, None], -math.inf).amax(2)  # (N, M, T)
        return (best * (sentences > 0)).sum(2)

    def products(self, features: Tensor, sentences: Tensor) -> Tensor:
        """The product of every region with every word, (N, M, R, T)."""
        return torch.einsum("nrd,mtd->nmrt", self.regions(features), self.read(sentences))

    def read(self, sentences: Tensor) -> Tensor:
        """Each word in its sentence as a vector (M, T, width); 0 at the padding."""
        lengths = (sentences > 0).sum(1)
        packed = pack_padded_sequence(self.embed(sentences), lengths, batch_first=True, enforce_sorted=False)
        both, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, total_length=sentences.shape[1])
        there = (sentences > 0).unsqueeze(2)
        return relu(self.words(sum(both.chunk(2, dim=2)))) * there


def ranking_loss(scores: Tensor, margin: float = 1.0) -> Tensor:
    """Scores (N, N) of pictures with sentences, true pairs on the diagonal → the margin loss (section 3.1), a picture.

    Every wrong sentence of a picture, and every wrong picture of a sentence, should score less by the margin.
    Raises ValueError where there are not equally many of both.
    """
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1]:
        raise ValueError(f"scores must be (N, N), got {tuple(scores.shape)}.")
    own = scores.diagonal()
    wrong = ~torch.eye(len(scores), dtype=torch.bool)
    rows = relu(scores - own.unsqueeze(1) + margin)[wrong]  # a picture's wrong sentences
    columns = relu(scores - own.unsqueeze(0) + margin)[wrong]  # a sentence's wrong pictures
    return (rows.sum() + columns.sum()) / len(scores)


def smoothed(products: Tensor, there: Tensor, stay: float = 2.0) -> Tensor:
    """The region of each word of sentences with their own pictures: products (N, R, T) → places int64 (N, T).

    The sum of the products is the largest possible, where `stay` is added for every word that has the region of the
    word before it (section 3.1, there written as an energy), so that regions get snippets. By dynamic programming.
    """
    products = products.masked_fill(~there.unsqueeze(2), -math.inf)
    best, back = products[..., 0], []
    for t in range(1, products.shape[2]):
        change, came = best.max(1, keepdim=True)  # from whichever region is the best
        keep = best + stay >= change
        back.append(torch.where(keep, torch.arange(best.shape[1]), came))
        best = torch.where(keep, best + stay, change) + products[..., t]
    places = [best.argmax(1, keepdim=True)]
    for came in reversed(back):
        places.append(came.gather(1, places[-1]))
    return torch.cat(places[::-1], dim=1)


class Captioner(nn.Module):
    """Writes: at each step it points to a region, and then says a word that fits it; the recurrent network is a GRU.

    The picture is the network's first state, as in the two papers, where it is seen just once; to point at regions is
    our addition, learned from the alignment. `forward` takes regions (N, R, F), sentences (N, T) that begin with <en>
    or <ko>, and the region (N, T) of each word; it gives for each next word the logits of its region (N, T, R), and
    those of the word itself (N, T, words), given the right region.
    """

    def __init__(self, features: int, words: int, width: int = 128, part: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        self.look = nn.Linear(features, part)  # of one region
        self.order = nn.Parameter(torch.randn(MOST, part))  # of the first, second … region from the left
        self.dropout = nn.Dropout(dropout)
        self.picture = nn.Linear(MOST * part, width)
        self.embed = nn.Embedding(words, part, padding_idx=0)
        self.recurrent = nn.GRU(2 * part, width, batch_first=True)
        self.ask = nn.Linear(width, part)
        self.words = nn.Sequential(
            nn.Linear(width + part, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, words)
        )

    def forward(self, features: Tensor, there: Tensor, sentences: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        parts, state = self.see(features, there)
        seen = parts.gather(1, places.unsqueeze(2).expand(-1, -1, parts.shape[2]))  # (N, T, part)
        hidden, _ = self.recurrent(torch.cat([self.embed(sentences), seen], dim=2), state)  # (N, T, width)
        following = torch.cat([seen[:, 1:], seen[:, -1:]], dim=1)  # the region of the next word
        return self.point(hidden, parts, there), self.words(torch.cat([hidden, following], dim=2))

    def see(self, features: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """The regions as vectors (N, R, part), 0 where there is none, and the first state (1, N, width)."""
        parts = self.dropout(torch.relu(self.look(features) + self.order)) * there.unsqueeze(2)
        return parts, self.picture(parts.flatten(1)).tanh().unsqueeze(0)

    def point(self, hidden: Tensor, parts: Tensor, there: Tensor) -> Tensor:
        """Logits (N, T, R) of the next word's region, from states (N, T, width); only at things, not at the whole."""
        return (self.ask(hidden) @ parts.mT).masked_fill(~things(there).unsqueeze(1), -math.inf)

    @torch.no_grad()
    def write(
        self, features: Tensor, there: Tensor, start: int, end: int = 1, beam: int = 1, longest: int = 20
    ) -> Tensor:
        """The sentence of each picture by beam search (`beam` 1 is greedy): word numbers (N, longest), behind `start`.

        The beam holds the likeliest beginnings, words and regions together. Behind `end` all is `end`. ValueError for
        a beam below 1.
        """
        if beam < 1:
            raise ValueError(f"beam must be 1 or more, got {beam}.")
        self.eval()
        count = len(features)
        parts, state = self.see(*(each.repeat_interleave(beam, 0) for each in (features, there)))
        there, owner = there.repeat_interleave(beam, 0), torch.arange(count).unsqueeze(1) * beam
        said, places = torch.full((count * beam, 1), start), torch.zeros(count * beam, dtype=torch.long)
        scores = torch.full((count, beam), -math.inf)
        scores[:, 0] = 0  # at first all are the same: only one counts
        for _ in range(longest):
            seen = parts[torch.arange(len(parts)), places]
            hidden, state = self.recurrent(torch.cat([self.embed(said[:, -1]), seen], 1).unsqueeze(1), state)
            where = self.point(hidden, parts, there)[:, 0].log_softmax(1)  # (N · beam, R)
            every = torch.cat([hidden.expand(-1, parts.shape[1], -1), parts], 2)
            log = where.unsqueeze(2) + self.words(every).log_softmax(2)  # (N · beam, R, words)
            finished = said[:, -1] == end
            log[finished] = -math.inf
            log[finished, 0, end] = 0  # what is finished stays as it is
            total = scores.unsqueeze(2) + log.flatten(1).unflatten(0, (count, beam))
            scores, best = total.flatten(1).topk(beam)  # sorted: the first is the best
            rows = (best // log[0].numel() + owner).flatten()
            places, word = (best % log[0].numel()).flatten() // log.shape[2], (best % log.shape[2]).flatten()
            said, state = torch.cat([said[rows], word.unsqueeze(1)], dim=1), state[:, rows]
            if (word == end).all():
                break
        first = said.unflatten(0, (count, beam))[:, 0, 1:]
        return nn.functional.pad(first, (0, longest - first.shape[1]), value=end)


def caption_loss(where: Tensor, logits: Tensor, sentences: Tensor, places: Tensor) -> Tensor:
    """Mean cross-entropy, in nats a word, of the next regions and the next words together, from what `Captioner` gives
    for sentences (N, T), 0 for padding, and the regions (N, T) of their words."""
    real = sentences[:, 1:] > 0
    of_places = nn.functional.cross_entropy(where[:, :-1][real], places[:, 1:][real])
    return of_places + nn.functional.cross_entropy(logits[:, :-1][real], sentences[:, 1:][real])
