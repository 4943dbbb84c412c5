"""The long run of lab 01: its solution as it stands, own convolution included, on all of MNIST.

    CNNBOOK_DATA=/where/mnist/is python benchmarks/lab_mnist.py --seeds 3

Everything above the lab's first call of `learn` is executed with CNNBOOK_BUDGET=full, checks included; then the lab's
`learn` trains once for each seed, and its `accuracy` measures on the 10,000 test images. The record is
results/lab_mnist.json. Interrupted, the same command goes on with the next seed.
"""

import argparse
import ast
import os
import time
from pathlib import Path
from typing import Any

os.environ |= {"CNNBOOK_BUDGET": "full", "CNNBOOK_STRICT": "1"}

from cnnbook import data, runs  # noqa: E402
from cnnbook.train import experiments  # noqa: E402

LAB = Path(__file__).resolve().parents[1] / "labs" / "01_mnist.py"
NAME, FIRST_CALL = "lab_mnist", "\n# %%\ntrial = learn("


def function(source: str, name: str) -> str:
    """The text of a function of the lab."""
    found = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.get_source_segment(source, next(found)) or ""


def main() -> None:
    parser = argparse.ArgumentParser(description="The long run of lab 01.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("results", f"{NAME}.json"))
    parser.add_argument("--lab", type=Path, default=LAB)
    chosen = parser.parse_args()
    experiments.writable(chosen.output)
    source, found, _ = chosen.lab.read_text("utf-8").partition(FIRST_CALL)
    if not found:
        raise SystemExit(f"{chosen.lab} has no cell that begins with {FIRST_CALL.split()[-3:]}")
    lab: dict[str, Any] = {"__name__": "lab"}
    exec(compile(source, str(chosen.lab), "exec"), lab)
    test_set = data.load("mnist", "test", size=32)
    x = lab["prepare"](test_set.images, lab["train_set"].images).to(lab["device"])
    y = test_set.labels.to(lab["device"])

    def run(job: dict[str, Any]) -> dict[str, Any]:
        started = time.perf_counter()
        network = lab["learn"](lab["x_train"], lab["y_train"], lab["EPOCHS"], **job)
        minutes = (time.perf_counter() - started) / 60
        share = lab["accuracy"](network, zip(x.split(1000), y.split(1000), strict=True))
        parameters = sum(parameter.numel() for parameter in network.parameters())
        return job | {"parameters": parameters, "test_accuracy": share, "minutes": round(minutes, 3)}

    record = {
        "name": NAME,
        "about": "the solution of lab 01, its own convolution and training loop, on all of MNIST",
        "chosen": "on the validation split of the 4,000 embedded digits; nothing was compared on MNIST",
        "data": "mnist",
        "size": 32,
        "recipe": {"epochs": lab["EPOCHS"], "learn": function(source, "learn")},
        "seeds": chosen.seeds,
    } | runs.context() | {"images": {"train": len(lab["train_set"]), "test": len(test_set)}}
    plan = {"source": source, "recipe": record["recipe"]}
    jobs = [{"seed": seed} for seed in range(chosen.seeds)]
    record["runs"] = experiments.all_runs(NAME, record, plan, jobs, run)
    record["summary"] = experiments.mean_and_spread([each["test_accuracy"] for each in record["runs"]])
    experiments.finished(NAME, record, chosen.output)
    print(record["summary"], record["minutes"], "minutes")


if __name__ == "__main__":
    main()
