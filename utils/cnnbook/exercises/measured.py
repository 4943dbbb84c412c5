"""Measurements that readers hand in: whether a result is that of the network beside it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnbook.exercises import Text, text


def not_of(network: Any, result: Any, measure: Callable[[Any], Any]) -> Text | None:
    """What is wrong where `result`, from `train.evaluate`, is not what `measure(network)` gives; None if it is."""
    if not hasattr(result, "accuracy") or not hasattr(result, "predictions"):
        return text(
            ko="둘째는 `train.evaluate`가 돌려준 것이어야 합니다.", en="The second must come from `train.evaluate`."
        )
    found = measure(network)
    if len(result.predictions) != len(found.predictions):
        return text(
            ko=f"그림 {len(result.predictions):,}장을 쟀습니다. 테스트 세트 {len(found.predictions):,}장 전체를 재세요.",
            en=f"You measured {len(result.predictions):,} pictures. Measure the whole test set, {len(found.predictions):,}.",
        )
    if not np.allclose(np.asarray(result.logits), np.asarray(found.logits), rtol=1e-3, atol=1e-3):
        return text(
            ko=f"결과가 이 신경망의 것이 아닙니다. 건넨 것의 정확도는 {result.accuracy:.3f}이고, 이 신경망을 다시 재면 "
            f"{found.accuracy:.3f}입니다. 바꾼 신경망을 같은 테스트 세트에서 같은 `like`로 재세요.",
            en=f"The result is not that of this network. Its accuracy is {result.accuracy:.3f}; measured again, this network "
            f"has {found.accuracy:.3f}. Measure the changed network, on the same test set and with the same `like`.",
        )
    return None


def not_accuracy_of(network: Any, accuracy: float, measure: Callable[[Any], float]) -> Text | None:
    """What is wrong where `accuracy`, 0..1, is not about what `measure(network)` gives; None if it is."""
    found = float(measure(network))
    if abs(found - accuracy) <= 0.01:  # another precision may turn a few answers
        return None
    return text(
        ko=f"이 신경망을 다시 재면 정확도가 {found:.3f}인데, 건넨 수는 {accuracy:.3f}입니다. 훈련한 신경망과 그 테스트 정확도를 함께 건네세요.",
        en=f"Measured again, this network has an accuracy of {found:.3f}, and you handed in {accuracy:.3f}. Hand in the trained "
        "network with its own test accuracy.",
    )
