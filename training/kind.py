#!/usr/bin/python3
"""The check of an image's kind: what a network's training pictures look like, in numbers, and how far another picture is from that.

    python3 training/kind.py                    fits it for breastmnist and pneumoniamnist, writes it into the cards of their models/*.onnx
    python3 training/kind.py own --data my.npz --files my.onnx
    python3 training/kind.py --report           measures it (kind_report.py): training/kind.json, the table of docs/image-kinds.md

Rewriting a card touches the metadata entry `blindsight` of an ONNX file and nothing else; no network is trained again.
The order is train.py's: fitted on the training split, its threshold from the training and validation splits; the test split is
opened by the report only.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F

from datasets import DATASETS, Splits, areas

ROOT = Path(__file__).resolve().parent.parent
#: Data sets whose networks get the check, and the DICOM modalities (0008,0060) that their pictures come from.
MODALITY = {"breastmnist": ["US"], "pneumoniamnist": ["CR", "DX"]}

GRID = 5
QUANTILES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]  # of grey values
STEPS = [0.25, 0.5, 0.75, 0.95]  # quantiles of the differences between neighbours
NUMBERS = GRID * GRID + len(QUANTILES) + 7 + 2 * len(STEPS) + 3 + 4
SHRINK = 0.5  # of the correlations, towards none
FLAGGED = 0.015  # share of own pictures that the threshold gives up
FOLDS = 5
FEWEST = 4 * NUMBERS  # pictures that it is fitted on


def describe(pixels):
    """54 numbers for each picture (n, rows, columns) of grey values 0..255; src/picture/description.ts computes the same."""
    p = np.asarray(pixels, np.float64) / 255
    n, height, width = p.shape
    rows, columns = (areas(side, GRID).numpy() for side in (height, width))
    grid = np.einsum("yi,nij,xj->nyx", rows, p, columns).reshape(n, -1)
    right, down = np.diff(p, axis=2), np.diff(p, axis=1)
    detail = [right, down, np.diff(right, axis=2), np.diff(down, axis=1), np.diff(right, axis=1),
              p[:, :, 2:] - p[:, :, :-2], p[:, 2:] - p[:, :-2]]
    steps = [np.log(quantiles(np.abs(values.reshape(n, -1)), STEPS) + 0.004) for values in (right, down)]
    profiles = [np.diff(p.mean(2)), np.diff(p.mean(1)), np.diff(p.mean(2), 2), np.diff(p.mean(1), 2)]
    energies = [np.log(np.sqrt((values.reshape(n, -1) ** 2).mean(1)) + 0.003) for values in detail + profiles]
    centred = p - p.mean((1, 2), keepdims=True)
    variance = (centred ** 2).mean((1, 2)) + 1e-4
    symmetry = [(centred * mirrored).mean((1, 2)) / variance
                for mirrored in (centred[:, :, ::-1], centred[:, ::-1], centred[:, ::-1, ::-1])]
    return np.column_stack([grid, quantiles(p.reshape(n, -1), QUANTILES), *energies[:7],
                            *steps, *symmetry, *energies[7:]])


def quantiles(values, shares):
    return np.sort(values, 1)[:, [int(share * (values.shape[1] - 1)) for share in shares]]


def fit(train, val):
    """The card's field `kind`, of pictures 0..255 (n, rows, columns); None where there are too few, or too small ones."""
    if len(train) < FEWEST or min(train.shape[1:]) < 8:
        return None
    folds = np.random.RandomState(0).permutation(len(train)) % FOLDS
    unseen = np.concatenate([scores(model_of(train[folds != fold]), train[folds == fold]) for fold in range(FOLDS)])
    kind = model_of(train)
    # Pictures that were not fitted: a small validation split alone cannot say where one in a hundred lies.
    cuts = [np.quantile(found, 1 - FLAGGED) for found in (unseen, scores(kind, val), scores(kind, resampled(val, 2)))]
    return {**kind, "threshold": round(float(max(cuts)), 3)}


def model_of(train):
    """Mean, deviation and decorrelation of the description, over the pictures and copies of them that came another way."""
    found = describe(np.concatenate([train, resampled(train, 0), resampled(train, 1, gain=0.15, bias=10)]))
    digits = lambda values: [float(f"{value:.4g}") for value in values]
    mean, deviation = digits(found.mean(0)), digits(found.std(0) + 1e-3)
    units = (found - mean) / deviation
    correlation = (1 - SHRINK) * units.T @ units / len(units) + SHRINK * np.eye(NUMBERS)
    whitening = np.linalg.inv(np.linalg.cholesky(correlation))
    scales = digits(np.abs(whitening).max(1) / 127)
    rows = [int(round(whitening[i, j] / scales[i])) for i in range(NUMBERS) for j in range(i + 1)]
    return {"version": 1, "mean": mean, "deviation": deviation, "scales": scales, "rows": [max(-127, min(127, value)) for value in rows]}


def scores(kind, pixels):
    """How far each picture is from the training pictures: root of the mean square of its decorrelated description, in deviations."""
    units = (describe(pixels) - kind["mean"]) / kind["deviation"]
    whitening = np.zeros((NUMBERS, NUMBERS))
    whitening[np.tril_indices(NUMBERS)] = kind["rows"]
    return np.sqrt(((units @ whitening.T * kind["scales"]) ** 2).mean(1))


def resampled(pictures, seed, gain=0.0, bias=0.0):
    """
    Pictures as another scanner's export or another way to their size would make them: enlarged eight times (bicubic), up to 6 % cut
    off, brought back by exact means over areas; contrast and brightness changed by up to `gain` and `bias`.
    """
    random, (n, height, width) = np.random.RandomState(seed), pictures.shape
    result = np.empty(pictures.shape)
    larger = {side: F.interpolate(torch.eye(side).double()[None, None], (8 * side, side), mode="bicubic")[0, 0].numpy()
              for side in {height, width}}
    for k in range(n):
        zoom = random.uniform(1, 1.06)
        down, across = (line(side, larger[side], zoom, random) for side in (height, width))
        value = down @ pictures[k] @ across.T
        result[k] = np.clip((value - 128) * random.uniform(1 - gain, 1 + gain) + 128 + random.uniform(-bias, bias), 0, 255)
    return result


def line(side, larger, zoom, random):
    kept = int(8 * side / zoom)
    first = random.randint(0, 8 * side - kept + 1)
    return areas(kept, side).numpy() @ larger[first:first + kept]


def kind_fields(data):
    """What the card of a network of these `Splits` says of the kind of its pictures; nothing of tables, and of pictures of no patient."""
    if data.table or (data.name in DATASETS and data.name not in MODALITY):
        return {}
    found = {"modality": MODALITY.get(data.name), "kind": fit(data.grey("train"), data.grey("val"))}
    return {key: value for key, value in found.items() if value is not None}


def rewrite(path, fields):
    """Changes fields of the card of an ONNX file, and nothing else: None removes one."""
    graph = onnx.load(path)
    weights = [tensor.SerializeToString() for tensor in graph.graph.initializer]
    entry = next(entry for entry in graph.metadata_props if entry.key == "blindsight")
    card = {**json.loads(entry.value), **fields}
    entry.value = json.dumps({key: value for key, value in card.items() if key not in fields or value is not None})
    onnx.save(graph, path)
    assert [tensor.SerializeToString() for tensor in onnx.load(path).graph.initializer] == weights


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", metavar="dataset", help=f"default: {' '.join(MODALITY)}")
    parser.add_argument("--data", type=Path, help="the data set's file, as train.py's")
    parser.add_argument("--files", nargs="+", type=Path, help="ONNX files; default: those of models/ whose card names the data set")
    parser.add_argument("--report", action="store_true", help="measure the check, change no card")
    parser.add_argument("--mnist", type=Path, help="with --report: MNIST's folder, for digits")
    options = parser.parse_args()
    if options.report:
        from kind_report import report
        return report(options.datasets or list(MODALITY), options.mnist)
    for name in options.datasets or MODALITY:
        files = options.files or [path for path in sorted((ROOT / "models").glob("*.onnx")) if card_of(path).get("dataset") == name]
        fitted = {}
        for path in files:
            data = Splits(name, options.data, size=card_of(path)["input"]["height"])
            size = data.grey("train").shape  # of the network's size only where the pictures are larger
            fields = fitted[size] = fitted.get(size) or kind_fields(data)
            if "kind" not in fields:
                parser.error(f"{name} has fewer than {FEWEST} training pictures, or smaller ones than 8×8")
            rewrite(path, fields)
            print(f"{path.name}: kind of {name}, threshold {fields['kind']['threshold']}, {len(json.dumps(fields['kind']))} bytes")


def card_of(path):
    return next((json.loads(entry.value) for entry in onnx.load(path).metadata_props if entry.key == "blindsight"), {})


if __name__ == "__main__":
    main()
