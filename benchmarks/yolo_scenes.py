"""YOLO on crowded scenes, the long run of chapter 17: at least 0.70 mAP@0.5 on the 500 test scenes is wanted.

    OMP_NUM_THREADS=2 python benchmarks/yolo_scenes.py --checkpoint runs/yolo --output yolo_scenes.safetensors

The last epoch of the fixed schedule counts, seed 0; test scenes are measured once, at the end. A training that was
stopped goes on from its checkpoint.
"""

import argparse
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from cnnbook import data, models, vision
from cnnbook.train.detecting import fit_boxes


def measured(network: models.yolo.YOLO, scenes: data.ImageSet) -> dict[str, float]:
    """mAP@0.5 and mAP@0.5:0.95 of what the network finds in scenes."""
    network.eval()
    found = [each for images in scenes.images.split(50) for each in network(images / 255, least=0.01)]
    result = vision.mean_average_precision(found, vision.truth(scenes))
    return {"map_50": float(result["map_50"]), "map": float(result["map"])}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train YOLO on crowded scenes.")
    parser.add_argument("--count", type=int, default=6000, help="scenes to train on")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--width", type=int, default=192, help="channels of the head")
    parser.add_argument("--test", type=int, default=500, help="scenes to measure on")
    parser.add_argument("--checkpoint", type=Path, help="a folder: kept after each epoch, and gone on from")
    parser.add_argument("--output", type=Path, help="where the weights go")
    chosen = parser.parse_args()
    scenes = data.load("scenes", "train", crowded=True, count=chosen.count)
    torch.manual_seed(0)
    network = models.yolo.YOLO(models.rcnn.shape_classifier()[0], width=chosen.width, dropout=0.1)
    started = time.process_time()
    fit_boxes(network, scenes, epochs=chosen.epochs, batch_size=8, lr=3e-3, checkpoint=chosen.checkpoint, quiet=False)
    minutes = (time.process_time() - started) / 60
    found = measured(network, data.load("scenes", "test", crowded=True, count=chosen.test))
    print(f"mAP@0.5 {found['map_50']:.4f}, mAP@0.5:0.95 {found['map']:.4f}, {minutes:.1f} CPU minutes", flush=True)
    if chosen.output:
        weights = {name: value.contiguous() for name, value in network.state_dict().items()}
        save_file(weights, chosen.output, metadata={"map_50": f"{found['map_50']:.4f}"})


if __name__ == "__main__":
    main()
