"""The exercises of chapter 03, convolution."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text
from cnnbook.sizes import outputs


def _numbers(rng: Random, count: int) -> np.ndarray:
    return np.array([rng.randint(-9, 9) for _ in range(count)])


# The real convolution


def _flipped_case(rng: Random) -> dict:
    size = rng.randint(2, 5)
    return {"row": _numbers(rng, rng.randint(size, 12)), "weights": _numbers(rng, size)}


register(Exercise(
    key="flipped_convolution",
    case=_flipped_case,
    reference=lambda row, weights: np.convolve(row, weights),
    mistakes=[
        Mistake(
            lambda row, weights: np.correlate(row, weights, mode="full"),
            text(
                ko="필터를 뒤집지 않았습니다. 지금 값은 교차 상관입니다. 옮기기 전에 `weights[::-1]`로 뒤집으세요.",
                en="The filter is not flipped: this is cross-correlation. Flip it with `weights[::-1]` before you "
                "move it.",
            ),
        ),
        Mistake(
            lambda row, weights: np.convolve(row, weights)[::-1],
            text(
                ko="필터가 아니라 출력을 뒤집었습니다. 뒤집는 것은 필터입니다.",
                en="You flipped the output. It is the filter that is flipped.",
            ),
        ),
        Mistake(
            lambda row, weights: np.convolve(row, weights, mode="valid"),
            text(
                ko="필터가 줄 안에 다 들어가는 자리만 계산했습니다. 한 칸이라도 겹치는 자리는 모두 세어야 합니다. "
                "양쪽에 0을 F - 1칸씩 덧대세요.",
                en="Only the places where the filter lies wholly on the row are there. Every place with at least one "
                "cell in "
                "common counts: add F - 1 zeros at both ends.",
            ),
        ),
        Mistake(
            lambda row, weights: np.convolve(row, weights, mode="same"),
            text(
                ko="출력의 길이가 입력과 같습니다. 한 칸이라도 겹치는 자리를 모두 세면 W + F - 1칸입니다.",
                en="Your output is as long as the input. All places with at least one cell in common are W + F - 1.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`slide`는 뒤집지 않는 계산을 이미 합니다. 무엇을 뒤집어 넣고, 양쪽에 몇 칸을 덧대면 될까요?",
            en="`slide` already does the sum without the flip. What must you flip before handing it in, and how much "
            "padding "
            "does it take?",
        ),
        text(
            ko="필터의 한 칸만 걸치는 자리부터 시작하려면 패딩은 `len(weights) - 1`입니다.",
            en="To begin where a single cell of the filter touches the row, the padding is `len(weights) - 1`.",
        ),
    ],
))


# SAME by hand


def _total_padding(width: int, kernel: int, stride: int) -> int:
    return max((-(-width // stride) - 1) * stride + kernel - width, 0)


def _same_padding(width: int, kernel: int, stride: int) -> tuple[int, int]:
    total = _total_padding(width, kernel, stride)
    return total // 2, total - total // 2


def _same_without_maximum(width: int, kernel: int, stride: int) -> tuple[int, int]:
    total = (-(-width // stride) - 1) * stride + kernel - width
    return total // 2, total - total // 2


def _same_rounded_down(width: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((width // stride - 1) * stride + kernel - width, 0)
    return total // 2, total - total // 2


def _same_case(rng: Random) -> dict:
    return {"width": rng.randint(5, 64), "kernel": rng.randint(1, 11), "stride": rng.randint(1, 5)}


register(Exercise(
    key="same_padding",
    case=_same_case,
    reference=_same_padding,
    mistakes=[
        Mistake(
            lambda width, kernel, stride: _same_padding(width, kernel, stride)[::-1],
            text(
                ko="왼쪽과 오른쪽이 바뀌었습니다. 홀수일 때 남는 한 칸은 오른쪽에 갑니다.",
                en="Left and right are exchanged. Where the total is odd, the cell left over goes to the right.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride: (_total_padding(width, kernel, stride) // 2,) * 2,
            text(
                ko="양쪽이 같습니다. 덧댈 칸이 홀수면 오른쪽이 한 칸 많아야 합니다.",
                en="Both sides are the same. Where the total is odd, the right needs one cell more.",
            ),
        ),
        Mistake(
            _same_without_maximum,
            text(
                ko="덧댈 칸 수가 음수가 되는 경우가 있습니다. 스트라이드가 필터의 폭보다 클 때입니다. "
                "0보다 작으면 0으로 하세요.",
                en="The total becomes negative in some cases, where the stride is larger than the filter's width. "
                "Below 0 it must be 0.",
            ),
        ),
        Mistake(
            _same_rounded_down,
            text(
                ko="출력의 폭을 내림했습니다. SAME은 W / S를 올림합니다. 정수로 올림하려면 `-(-width // stride)`라고 "
                "쓸 수 있습니다.",
                en="You rounded the output's width down. SAME rounds W / S up; with whole numbers that is "
                "`-(-width // stride)`.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride: (kernel // 2, kernel // 2),
            text(
                ko="`kernel // 2`는 스트라이드가 1이고 필터의 폭이 홀수일 때만 맞습니다.",
                en="`kernel // 2` is right only for stride 1 and filters of odd width.",
            ),
        ),
    ],
    hints=[
        text(
            ko="출력의 폭 n을 먼저 올림으로 구하세요. 그다음 n번째 창의 오른쪽 끝이 몇째 칸인지 생각하세요.",
            en="First find the output's width n, rounded up. Then ask at which cell the last of the n windows ends.",
        ),
        text(
            ko="필요한 칸은 모두 (n - 1) S + F칸입니다. 거기서 W를 빼고, 음수면 0으로 합니다.",
            en="The windows need (n - 1) S + F cells in all. Subtract W, and take 0 where that is negative.",
        ),
    ],
))


# What a layer costs


def _layer_facts(
    width: int, channels: int, filters: int, kernel: int, stride: int, padding: int
) -> tuple[int, int, int]:
    side = (width - kernel + 2 * padding) // stride + 1
    return side, filters * (kernel**2 * channels + 1), side**2 * filters * kernel**2 * channels


def _facts_case(rng: Random) -> dict:
    kernel = rng.choice([1, 3, 5, 7, 11])
    return {
        "width": rng.randint(16, 64),
        "channels": rng.randint(2, 32),
        "filters": rng.randint(2, 64),
        "kernel": kernel,
        "stride": rng.randint(1, 4),
        "padding": rng.randint(0, kernel // 2),
    }


def _facts_no_bias(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    side, count, operations = _layer_facts(width, channels, filters, kernel, stride, padding)
    return side, count - filters, operations


def _facts_bias_a_unit(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    side, count, operations = _layer_facts(width, channels, filters, kernel, stride, padding)
    return side, count - filters + side**2 * filters, operations


def _facts_one_channel(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    return _layer_facts(width, 1, filters, kernel, stride, padding)


def _facts_bias_as_operation(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    side, count, operations = _layer_facts(width, channels, filters, kernel, stride, padding)
    return side, count, operations + side**2 * filters


def _facts_only_whole(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    side, count, operations = _layer_facts(width, channels, filters, kernel, stride, padding)
    return outputs(width, kernel, stride, padding), count, operations


def _facts_one_filter_short(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    side, count, operations = _layer_facts(width, channels, filters, kernel, stride, padding)
    return side - 1, count, (side - 1) ** 2 * operations // side**2


def _facts_operations_on_input(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    side, count, _ = _layer_facts(width, channels, filters, kernel, stride, padding)
    return side, count, width**2 * filters * kernel**2 * channels


def _facts_no_padding(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    return _layer_facts(width, channels, filters, kernel, stride, 0)


def _facts_padding_once(width: int, channels: int, filters: int, kernel: int, stride: int, padding: int):
    return _layer_facts(width + padding, channels, filters, kernel, stride, 0)


register(Exercise(
    key="layer_facts",
    case=_facts_case,
    reference=_layer_facts,
    mistakes=[
        Mistake(
            _facts_no_bias,
            text(
                ko="파라미터에서 편향이 빠졌습니다. 필터마다 하나씩 있습니다.",
                en="The biases are missing from the parameters: there is one for each filter.",
            ),
        ),
        Mistake(
            _facts_bias_a_unit,
            text(
                ko="편향을 유닛마다 하나씩 세었습니다. 가중치와 마찬가지로 편향도 특징 맵 전체가 나누어 씁니다.",
                en="You counted one bias for each unit. A bias is shared by its whole feature map, as the weights are.",
            ),
        ),
        Mistake(
            _facts_bias_as_operation,
            text(
                ko="곱셈-덧셈에 편향을 넣었습니다. 편향은 곱하지 않습니다.",
                en="Your multiply-adds count the biases. A bias is not multiplied with anything.",
            ),
        ),
        Mistake(
            _facts_one_filter_short,
            text(
                ko="출력의 폭이 하나 모자랍니다. 식의 끝에서 1을 더합니다.",
                en="The output's width is one short: the formula ends with + 1.",
            ),
        ),
        Mistake(
            _facts_only_whole,
            text(
                ko="`outputs`는 나누어떨어지지 않는 크기를 거절합니다. 여기서는 내림하세요: `exact=False`",
                en="`outputs` refuses sizes that do not tile. Round down here: `exact=False`.",
            ),
        ),
        Mistake(
            _facts_one_channel,
            text(
                ko="입력의 채널 수를 빠뜨렸습니다. 필터는 입력의 모든 채널을 봅니다.",
                en="The number of input channels is missing: a filter looks at all of them.",
            ),
        ),
        Mistake(
            _facts_operations_on_input,
            text(
                ko="곱셈-덧셈을 입력의 칸마다 세었습니다. 필터는 출력의 칸마다 한 번 곱해집니다.",
                en="You counted the multiply-adds for each cell of the input. A filter is applied once for each cell "
                "of the output.",
            ),
        ),
        Mistake(
            _facts_no_padding,
            text(
                ko="출력의 크기에서 패딩이 빠졌습니다.",
                en="Padding is missing from the output's size.",
            ),
        ),
        Mistake(
            _facts_padding_once,
            text(
                ko="패딩을 한쪽에만 더했습니다. 양쪽에 있으니 2P입니다.",
                en="Padding is added on one side only. It is on both: 2P.",
            ),
        ),
    ],
    hints=[
        text(
            ko="필터 하나의 가중치는 몇 개입니까? 편향은 그 밖에 하나입니다.",
            en="How many weights does one filter have? Its bias is one more.",
        ),
        text(
            ko="출력 칸 하나를 만드는 데 곱셈이 F · F · C번 듭니다. 출력에는 칸이 모두 몇 개입니까?",
            en="One cell of the output takes F · F · C multiplications. How many cells does the output have in all?",
        ),
    ],
))


# How many layers to see that far


def _layers_needed(width: int, kernel: int) -> int:
    return -(-(width - 1) // (kernel - 1))


register(Exercise(
    key="layers_needed",
    case=lambda rng: {"width": rng.randint(2, 300), "kernel": rng.randint(2, 11)},
    reference=_layers_needed,
    mistakes=[
        Mistake(
            lambda width, kernel: (width - 1) // (kernel - 1),
            text(
                ko="내림했습니다. 한 칸이라도 모자라면 층이 하나 더 필요합니다.",
                en="You rounded down. If a single cell is missing, one more layer is needed.",
            ),
        ),
        Mistake(
            lambda width, kernel: -(-width // kernel),
            text(
                ko="층마다 F칸씩 늘어난다고 보았습니다. 스트라이드가 1이면 층 하나가 F - 1칸을 보탭니다.",
                en="You let every layer add F cells. With stride 1 a layer adds F - 1.",
            ),
        ),
        Mistake(
            lambda width, kernel: -(-width // (kernel - 1)),
            text(
                ko="층이 없을 때도 한 칸은 봅니다. 더 보아야 할 칸은 W - 1칸입니다.",
                en="Without any layer one cell is seen already: W - 1 more have to be added.",
            ),
        ),
        Mistake(
            lambda width, kernel: _layers_needed(width, kernel) + 1,
            text(
                ko="하나 많습니다. 그보다 한 층 적어도 폭 전체를 봅니다.",
                en="One too many: with one layer less the whole width is seen already.",
            ),
        ),
    ],
    hints=[
        text(
            ko="스트라이드가 모두 1이면 j는 늘 1입니다. 수용 영역의 식에 넣어 층이 몇 개일 때 폭이 얼마인지 쓰세요.",
            en="With all strides 1, j stays 1. Put that into the formula and write down the width after a number of "
            "layers.",
        ),
        text(
            ko="층이 k개면 1 + k (F - 1)칸을 봅니다. 이것이 W 이상인 가장 작은 k입니다.",
            en="k layers see 1 + k (F - 1) cells. Find the smallest k for which that is at least W.",
        ),
    ],
))


# The gradient with a stride


def _filter_gradient(x: np.ndarray, g: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    return np.array([sum(g[i] * x[i * stride + j] for i in range(len(g))) for j in range(kernel)])


def _gradient_case(rng: Random) -> dict:
    kernel, stride, count = rng.randint(2, 5), rng.randint(2, 4), rng.randint(2, 6)
    width = (count - 1) * stride + kernel + rng.randint(0, stride - 1)
    return {"x": _numbers(rng, width), "g": _numbers(rng, count), "kernel": kernel, "stride": stride}


register(Exercise(
    key="filter_gradient",
    case=_gradient_case,
    reference=_filter_gradient,
    mistakes=[
        Mistake(
            lambda x, g, kernel, stride: _filter_gradient(x, g, kernel, 1),
            text(
                ko="스트라이드가 빠졌습니다. 출력 i는 입력의 i칸이 아니라 i · S칸에서 시작합니다.",
                en="The stride is missing: output i begins at cell i · S of the input, not at cell i.",
            ),
        ),
        Mistake(
            lambda x, g, kernel, stride: _filter_gradient(x, g, kernel, stride)[::-1],
            text(
                ko="순서가 거꾸로입니다. 가중치에 대한 그레이디언트에는 뒤집기가 없습니다. 뒤집는 것은 입력에 대한 "
                "그레이디언트입니다.",
                en="The order is reversed. The gradient for the weights has no flip; the one for the input has.",
            ),
        ),
        Mistake(
            lambda x, g, kernel, stride: _filter_gradient(x, g, kernel, stride) / len(g),
            text(
                ko="평균을 냈습니다. 연쇄 법칙은 더하라고만 합니다.",
                en="You took the mean. The chain rule only adds up.",
            ),
        ),
        Mistake(
            lambda x, g, kernel, stride: np.array([g[0] * x[j] for j in range(kernel)]),
            text(
                ko="첫 출력만 세었습니다. 가중치 하나는 모든 출력에 쓰이니, 모든 출력에 대해 더해야 합니다.",
                en="Only the first output is counted. One weight is used in every output, so all of them add up.",
            ),
        ),
    ],
    hints=[
        text(
            ko="먼저 출력의 식을 쓰세요. 스트라이드가 있으면 y_i는 x_{iS+j} w_j를 j에 대해 더한 것입니다.",
            en="Write the output first: with a stride, y_i is the sum over j of x_{iS+j} w_j.",
        ),
        text(
            ko="w_j가 들어 있는 항은 출력마다 하나씩입니다. 거기에 곱해진 입력은 몇째 칸입니까?",
            en="w_j occurs once in every output. Which cell of the input is it multiplied with there?",
        ),
    ],
))


# Measurements


def _whole(answer: Any) -> int | None:
    """The answer as a whole number, None where it is none."""
    if isinstance(answer, str):
        return None
    try:
        number = float(answer)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else None


_NOT_WHOLE = text(ko="칸 수를 정수 하나로 답하세요.", en="Answer with one whole number of cells.")


def _exact_shift(answer: Any, rng: Random) -> Text | None:
    number = _whole(answer)
    if number is None:
        return _NOT_WHOLE
    if number == 6:
        return None
    if number == 5:
        return text(
            ko="두 스트라이드를 더했습니까? 둘째 풀링의 한 칸은 첫째 풀링의 출력에서 세어 3칸이고, 그 한 칸이 "
            "입력에서는 2칸입니다.",
            en="Did you add the two strides? One step of the second pooling is 3 cells of the first one's output, and "
            "each of "
            "those is 2 cells of the input.",
        )
    if number in (2, 3):
        return text(
            ko="풀링 하나만 생각하면 그렇습니다. 두 풀링을 이은 `front`를 재세요.",
            en="That holds for one of the poolings alone. Measure `front`, which has both.",
        )
    if number <= 0:
        return text(
            ko="남은 차이가 아니라 옮긴 칸 수를 답하세요. 0보다 큰 것 가운데 가장 작은 것을 찾으세요.",
            en="Give the shift in cells, not the difference that remains: the smallest above 0.",
        )
    if number > 0 and number % 6 == 0:
        return text(
            ko="그 칸에서도 정확하지만 더 작은 답이 있습니다. 1칸부터 차례로 재세요.",
            en="That one is exact too, but there is a smaller one. Measure from 1 upwards.",
        )
    return text(
        ko="그 칸을 옮기면 0이 아닌 차이가 남습니다. `remaining(front, x, shift)`를 1칸부터 차례로 인쇄해 보세요.",
        en="At that shift a difference other than 0 remains. Print `remaining(front, x, shift)` from 1 upwards.",
    )


register(Exercise(
    key="exact_shift",
    test=_exact_shift,
    hints=[
        text(
            ko="1칸부터 12칸까지 `remaining`을 인쇄하고 10의 -6제곱보다 작은 첫 줄을 찾으세요.",
            en="Print `remaining` for 1 to 12 cells and find the first below 1e-6.",
        ),
        text(
            ko="출력의 한 칸이 입력에서 몇 칸인지 생각하면, 잰 값이 맞는지 알 수 있습니다.",
            en="Ask how many input cells one output cell stands for: that tells whether your measurement is right.",
        ),
    ],
))


def _measured_field(answer: Any, rng: Random) -> Text | None:
    number = _whole(answer)
    if number is None:
        return _NOT_WHOLE
    if number == 20:
        return None
    if number == 8:
        return text(
            ko="층마다 F - 1만 더했습니다. 풀링 뒤에서는 필터의 한 칸이 입력의 네 칸이므로 j를 곱해야 합니다.",
            en="You added F - 1 for each layer. Behind the pooling one cell of a filter is four cells of the input: "
            "multiply by j.",
        )
    if number == 12:
        return text(
            ko="마지막 층을 빼고 쟀거나, 입력 한 장으로 일부만 보았습니다.",
            en="That is without the last layer, or one input that showed only a part.",
        )
    if number == 5:
        return text(
            ko="입력이 모두 같은 수입니까? 그러면 최대 풀링이 창마다 첫 칸만 고릅니다. 무작위 입력 여러 장을 넣으세요.",
            en="Is your input the same number everywhere? Then max pooling always takes a window's first cell. Use many "
            "random inputs.",
        )
    if 5 < number < 20:
        return text(
            ko="모자랍니다. 최대 풀링은 창에서 가장 큰 칸으로만 그레이디언트를 보내므로, 입력 한 장으로는 일부만 "
            "보입니다. 무작위 입력 여러 장의 그레이디언트를 더하세요.",
            en="Short. Max pooling sends the gradient only to the largest cell of each window, so one input shows only "
            "part of the field. Add up the gradients of many random inputs.",
        )
    if number > 20:
        return text(
            ko="너무 넓습니다. 출력에서 한 칸만 골라 미분했는지 확인하세요.",
            en="Too wide. Check that you differentiated a single cell of the output.",
        )
    return text(
        ko="너무 좁습니다. 그레이디언트가 0이 아닌 열의 수를 세었는지 확인하세요.",
        en="Too narrow. Check that you counted the columns in which the gradient is not 0.",
    )


register(Exercise(
    key="measured_field",
    test=_measured_field,
    hints=[
        text(
            ko="`x = torch.randn(200, 1, 48, 48, requires_grad=True)`처럼 여러 장을 한꺼번에 넣고, 모든 장의 가운데 "
            "출력 칸을 더해 "
            "`backward`하세요.",
            en="Hand in many inputs at once, for instance `x = torch.randn(200, 1, 48, 48, requires_grad=True)`, add "
            "up the middle "
            "output cell of all of them, and call `backward`.",
        ),
        text(
            ko="`x.grad.abs().sum((0, 1, 2))`는 열마다 하나씩, 48개의 수입니다. 0보다 큰 것이 몇 개입니까?",
            en="`x.grad.abs().sum((0, 1, 2))` has 48 numbers, one for each column. How many are above 0?",
        ),
    ],
))
