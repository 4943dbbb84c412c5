"""Trains the networks of `models.captioner` on described scenes, and measures them."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pad_sequence

from cnnbook.data.described import Described
from cnnbook.data.parsing import LANGUAGES, Vocabulary
from cnnbook.models import captioner


def vocabulary(scenes: Described) -> Vocabulary:
    """The words of all captions, of both languages."""
    return Vocabulary(sentence for each in scenes.captions.values() for told in each for sentence in told)


def encoded(scenes: Described, words: Vocabulary) -> Tensor:
    """All captions as word numbers (N, languages · sentences, T), 0 for padding; first the English ones."""
    rows = [
        torch.tensor(words.encode(sentence, language))
        for scene in range(len(scenes))
        for language in LANGUAGES
        for sentence in scenes.captions[language][scene]
    ]
    return pad_sequence(rows, batch_first=True).unflatten(0, (len(scenes), -1))


def fit_alignment(
    model: captioner.Alignment, features: Tensor, there: Tensor, sentences: Tensor,
    *, epochs: int, batch_size: int = 100, lr: float = 1e-3, seed: int = 0,
) -> list[float]:  # fmt: skip
    """Train on pictures with one of their sentences (N, S, T), drawn anew in each epoch; each epoch's mean loss."""
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    steps = epochs * (len(features) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    losses = []
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(features), generator=chance)
        chosen = torch.randint(sentences.shape[1], (len(features),), generator=chance)
        total, batches = 0.0, order[: len(order) // batch_size * batch_size].split(batch_size)
        for rows in batches:
            told = trimmed(sentences[rows, chosen[rows]])
            loss = captioner.ranking_loss(model(features[rows], there[rows], told))
            total += step(model, optimizer, loss)
            schedule.step()
        losses.append(total / len(batches))
    model.eval()
    return losses


def fit_captioner(
    model: captioner.Captioner, features: Tensor, there: Tensor, sentences: Tensor, places: Tensor,
    *, epochs: int, batch_size: int = 100, lr: float = 3e-3, seed: int = 0,
) -> list[float]:  # fmt: skip
    """Train by teacher forcing on every sentence (N, S, T), and the regions (N, S, T) of its words, once an epoch.

    Returns the mean loss of each epoch, in nats a word.
    """
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    count = len(features) * sentences.shape[1]
    steps = epochs * -(-count // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    losses = []
    model.train()
    for _ in range(epochs):
        batches = torch.randperm(count, generator=chance).split(batch_size)
        total = 0.0
        for pairs in batches:
            rows, told = pairs // sentences.shape[1], trimmed(sentences.flatten(0, 1)[pairs])
            where = places.flatten(0, 1)[pairs][:, : told.shape[1]]
            loss = captioner.caption_loss(*model(features[rows], there[rows], told, where), told, where)
            total += step(model, optimizer, loss)
            schedule.step()
        losses.append(total / len(batches))
    model.eval()
    return losses


def step(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, clip: float = 5.0) -> float:
    """One step, the gradient's norm cut at `clip`; the loss before it."""
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()


def trimmed(sentences: Tensor) -> Tensor:
    """Sentences (N, T) without the columns in which all are padding."""
    return sentences[:, : int((sentences > 0).sum(1).max())]


@torch.no_grad()
def aligned(
    model: captioner.Alignment, features: Tensor, there: Tensor, sentences: Tensor, stay: float = 2.0
) -> Tensor:
    """The region, a thing's, of each word of the pictures' own sentences (N, S, T) → int64 (N, S, T)."""
    own = zip(features.unsqueeze(1), sentences, strict=True)
    products = torch.cat([model.products(feature, told)[0] for feature, told in own])  # (N · S, R, T)
    regions = captioner.things(there).repeat_interleave(sentences.shape[1], 0)
    return captioner.smoothed(products, regions, stay).unflatten(0, sentences.shape[:2])


def recall(scores: Tensor, own: Tensor) -> dict[str, float]:
    """Recall@1, @5, @10, 0..1, and the median rank, 1 the best, of queries (Q, C) by candidates.

    `own` bool (Q, C) marks the right candidates: a query's rank is that of its best right one. Raises ValueError where
    shapes differ or a query has none.
    """
    if scores.shape != own.shape or not own.any(1).all():
        raise ValueError(f"scores {tuple(scores.shape)} need right candidates of one shape, at least one a query.")
    best = scores.masked_fill(~own, -torch.inf).amax(1, keepdim=True)
    ranks = 1 + (scores > best).sum(1)
    found: dict[str, Any] = {f"recall@{k}": (ranks <= k).float().mean().item() for k in (1, 5, 10)}
    return found | {"median rank": ranks.float().median().item()}


@torch.no_grad()
def retrieval(model: captioner.Alignment, features: Tensor, there: Tensor, sentences: Tensor) -> dict[str, dict]:
    """Recall of pictures' sentences ("annotation") and of sentences' pictures ("search"), among these alone."""
    count, each = sentences.shape[:2]
    scores = model(features, there, trimmed(sentences.flatten(0, 1)))  # (N, N · S)
    own = torch.arange(count).unsqueeze(1) == torch.arange(count * each) // each
    return {"annotation": recall(scores, own), "search": recall(scores.T, own.T)}


def written(model: captioner.Captioner, features: Tensor, there: Tensor, words: Vocabulary, beam: int = 1) -> dict:
    """The captions of each picture by language."""
    return {
        language: [
            words.decode(numbers) for numbers in model.write(features, there, words.start(language), beam=beam).tolist()
        ]
        for language in LANGUAGES
    }


def truth(scenes: Described, told: dict[str, list[str]]) -> dict[str, float]:
    """The share, by language, of captions that are well formed and true of their scene."""
    return {
        language: sum(scenes.true(row, sentence) for row, sentence in enumerate(each)) / len(scenes)
        for language, each in told.items()
    }
