#!/usr/bin/python3
"""Trains the networks of models/: RL-3 and RL-1 with a learned quadratic, and their ReLU twins.

    python3 training/train.py breastmnist                  five seeds, both activations, ONNX, card
    python3 training/train.py phantom --npz phantom.npz    the same on `blindsight phantoms` images
    python3 training/train.py breastmnist --validation     recipe search: the test split stays closed

Needs Debian 12's python3-torch (1.13), python3-onnx and python3-numpy; one CPU thread, seeded.
The order is the discipline: every seed is trained, then epoch, seed and threshold are chosen on the
validation split, and only then are the test arrays read from the npz, once, for the report.
"""
import argparse, copy, io, json, os, time
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn as nn
import torch.nn.functional as F

from card import write_card

ROOT = Path(__file__).resolve().parent.parent
SEEDS = [0, 1, 2, 3, 4]
OPERATORS = {"Conv", "BatchNormalization", "Mul", "Add", "Relu", "AveragePool", "GlobalAveragePool", "Flatten", "Gemm"}

# `threshold` names what the decision threshold maximises on validation. `balance` weighs the classes of
# the loss equally. `ema_epochs` is the horizon of the weight average that is evaluated and shipped.
COMMON = dict(batch=64, lr=4e-3, weight_decay=1e-2, label_smoothing=0.05, shift=2, flip=True, rotate=0.0, zoom=0.0,
              contrast=0.0, penalty=0.1, balance=False, ema_epochs=2.0, threshold="accuracy")
DATASETS = {
    "breastmnist": dict(labels=["malignant", "normal or benign"], networks=["rl3"], recipe=dict(COMMON, epochs=240)),
    "pneumoniamnist": dict(labels=["normal", "pneumonia"], networks=["rl3"], recipe=dict(COMMON, epochs=30, threshold="balanced")),
    "phantom": dict(labels=["clear", "lesion"], networks=["rl3", "rl1"], recipe=dict(COMMON, epochs=20),
                    overrides={"rl1": dict(lr=0.05)}),  # so few weights bear, and need, larger steps
}


class Quad(nn.Module):
    """a·x² + b·x + c per channel, blended in from ReLU (blend 0) to the pure quadratic (blend 1)."""

    RANGE = 6.0       # beyond it the penalty grows: encrypted values must stay where the parameters hold them
    SMALLEST_A = 0.02  # completing the square shifts by b/2a, so a must stay away from 0

    def __init__(self, channels):
        super().__init__()
        # The least-squares parabola through ReLU on a unit normal is 0.1995·x² + 0.5·x + 0.1995.
        self.a, self.b, self.c = (nn.Parameter(torch.full((1, channels, 1, 1), v)) for v in (0.1995, 0.5, 0.1995))
        self.blend, self.penalty = 1.0, 0.0

    def forward(self, x):
        if self.training:
            self.penalty = F.relu(x.abs() - self.RANGE).square().mean()
        quadratic = self.a * (x * x) + self.b * x + self.c
        return quadratic if self.blend == 1.0 else self.blend * quadratic + (1 - self.blend) * F.relu(x)


def build(network, activation):
    def block(inputs, outputs, kernel, stride=1):
        return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs),
                Quad(outputs) if activation == "quad" else nn.ReLU()]

    # count_include_pad=True would export a Pad node of zeros before the pooling.
    pool = nn.AvgPool2d(2, count_include_pad=False)
    layers = {"rl1": block(1, 4, 5, 2), "rl3": [*block(1, 8, 5, 2), *block(8, 16, 3), pool, *block(16, 32, 3)]}[network]
    width = {"rl1": 4, "rl3": 32}[network]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 2))


def read_split(path, split):
    with np.load(path) as arrays:
        pixels = torch.tensor(arrays[f"{split}_images"]).float().unsqueeze(1)
        return pixels / 127.5 - 1, torch.tensor(arrays[f"{split}_labels"].reshape(-1)).long()


def augment(x, recipe):
    """A flip, shift, turn and zoom of each image's own; the border repeats, so no black edge is learned."""
    n = len(x)
    angle = (torch.rand(n) * 2 - 1) * recipe["rotate"] * np.pi / 180
    zoom = 1 + (torch.rand(n) * 2 - 1) * recipe["zoom"]
    mirror = 1 - 2.0 * (torch.rand(n) < 0.5) if recipe["flip"] else torch.ones(n)
    shift = (torch.rand(n, 2) * 2 - 1) * recipe["shift"] * 2 / x.shape[-1]
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    affine = torch.stack([torch.stack([cos * mirror, -sin, shift[:, 0]], 1), torch.stack([sin * mirror, cos, shift[:, 1]], 1)], 1)
    x = F.grid_sample(x, F.affine_grid(affine, x.shape, align_corners=False), padding_mode="border", align_corners=False)
    gain, offset = (torch.rand(2, n, 1, 1, 1) * 2 - 1) * recipe["contrast"]
    return x * (1 + gain) + offset


def area_under_curve(scores, labels):
    """Mann-Whitney: the chance that a positive scores above a negative, ties counting half."""
    positive, negative = scores[labels == 1].double(), scores[labels == 0].double()
    differences = positive[:, None] - negative[None, :]
    return ((differences > 0).double() + 0.5 * (differences == 0)).mean().item()


def logits_of(model, x):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(512)])


def choose_threshold(probability, labels, criterion):
    """The middle of the widest gap between neighbouring scores among the cuts that score best."""
    order = torch.sort(probability).values.double()
    cuts, widths = (order[1:] + order[:-1]) / 2, order[1:] - order[:-1]
    verdicts = probability.double()[None, :] >= cuts[:, None]
    sensitivity = verdicts[:, labels == 1].double().mean(1)
    specificity = (~verdicts[:, labels == 0]).double().mean(1)
    share = 0.5 if criterion == "balanced" else labels.double().mean()
    score = share * sensitivity + (1 - share) * specificity
    best = torch.where(score >= score.max() - 1e-9, widths, torch.zeros(1, dtype=torch.double)).argmax()
    return round(cuts[best].item(), 4)


def score(model, x, labels, threshold):
    probability = F.softmax(logits_of(model, x), 1)[:, 1]
    return {"accuracy": ((probability >= threshold).long() == labels).double().mean().item(),
            "auc": area_under_curve(probability, labels)}


def train(network, activation, seed, recipe, train_set, validation_set):
    """One training; returns the averaged model of its best epoch, judged on validation only."""
    torch.manual_seed(seed)
    x, y = train_set
    model = build(network, activation)
    quads = [m for m in model if isinstance(m, Quad)]
    epochs, batch = recipe["epochs"], recipe["batch"]
    steps = -(-len(x) // batch)
    weights = len(y) / (2.0 * torch.bincount(y, minlength=2)) if recipe["balance"] else None
    loss_of = nn.CrossEntropyLoss(weights, label_smoothing=recipe["label_smoothing"])
    optimizer = torch.optim.AdamW(model.parameters(), recipe["lr"], weight_decay=recipe["weight_decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe["lr"], total_steps=epochs * steps)
    average, decay, best = None, 1 - 1 / (1 + steps * recipe["ema_epochs"]), None
    for epoch in range(epochs):
        model.train()
        for quad in quads:
            quad.blend, quad.penalty = min(1.0, (epoch + 1) / (0.4 * epochs)), 0.0
        if average is None and epoch >= 0.5 * epochs:  # by now every blend is 1
            average = copy.deepcopy(model)
        for index in torch.randperm(len(x)).split(batch):
            loss = loss_of(model(augment(x[index], recipe)), y[index]) + recipe["penalty"] * sum(q.penalty for q in quads)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                for quad in quads:
                    quad.a.clamp_(min=Quad.SMALLEST_A)
                if average is not None:  # the running statistics of BN are averaged with the weights
                    for mean, value in zip(average.state_dict().values(), model.state_dict().values()):
                        mean.lerp_(value, 1 - decay) if mean.is_floating_point() else mean.copy_(value)
        if average is not None:
            probability = F.softmax(logits_of(average, validation_set[0]), 1)[:, 1]
            threshold = choose_threshold(probability, validation_set[1], recipe["threshold"])
            found = score(average, *validation_set, threshold)
            # Both figures count; the cross-entropy breaks the ties that small validation splits make.
            rank = found["auc"] + found["accuracy"] - 0.1 * F.cross_entropy(logits_of(average, validation_set[0]), validation_set[1]).item()
            if best is None or rank > best["rank"]:
                best = dict(rank=rank, seed=seed, epoch=epoch + 1, threshold=threshold, validation=found,
                            model=copy.deepcopy(average))
    return best


def ranges(model, x):
    """What the encryption layer must hold, over images `x`."""
    peaks, hooks = [], []
    for module in model:
        if isinstance(module, (Quad, nn.ReLU)):
            hooks.append(module.register_forward_pre_hook(lambda _, inputs: peaks.append(inputs[0].abs().max().item())))
    logits = logits_of(model, x)
    for hook in hooks:
        hook.remove()
    quads = [m for m in model if isinstance(m, Quad)]
    return {"largestPreActivation": max(peaks), "largestLogit": logits.abs().max().item(),
            "smallestA": min((q.a.abs().min().item() for q in quads), default=None),
            "largestShift": max(((q.b / (2 * q.a)).abs().max().item() for q in quads), default=None)}


def export(model, path, description):
    """Writes the ONNX file with its batch normalisation kept, and checks that it was."""
    buffer = io.BytesIO()
    # In EVAL mode PyTorch 1.13 folds BN into the convolution; PRESERVE on an eval() model keeps it.
    torch.onnx.export(model.eval(), torch.zeros(1, 1, 28, 28), buffer, training=torch.onnx.TrainingMode.PRESERVE,
                      do_constant_folding=False, opset_version=13, input_names=["image"], output_names=["logits"])
    graph = onnx.load_from_string(buffer.getvalue())
    onnx.helper.strip_doc_string(graph)
    graph.metadata_props.add(key="blindsight", value=json.dumps(description))
    onnx.checker.check_model(graph, full_check=True)
    kinds = [node.op_type for node in graph.graph.node]
    assert set(kinds) <= OPERATORS, kinds
    assert kinds.count("BatchNormalization") == sum(isinstance(m, nn.BatchNorm2d) for m in model), kinds
    for node in graph.graph.node:
        if node.op_type == "BatchNormalization":
            assert len(node.output) == 1 and all(a.i == 0 for a in node.attribute if a.name == "training_mode")
    # Nothing may change on the way: every tensor of the file is a tensor of the model, bit for bit.
    state = model.state_dict()
    for tensor in graph.graph.initializer:
        assert np.array_equal(onnx.numpy_helper.to_array(tensor), state[tensor.name].numpy()), tensor.name
    onnx.save(graph, path)


def spread(values):
    return {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "min": min(values), "max": max(values)}


def pixel_statistics(x):
    pixels = ((x + 1) * 127.5).flatten(1)
    bounds = lambda v: [round(v.min().item(), 2), round(v.max().item(), 2)]
    return {"pixelMean": bounds(pixels.mean(1)), "pixelStd": bounds(pixels.std(1, unbiased=False))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=DATASETS)
    parser.add_argument("--npz", type=Path, help="the data set's file; default: $BLINDSIGHT_DATA/DATASET.npz")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--activations", nargs="+", choices=["quad", "relu"], default=["quad", "relu"])
    parser.add_argument("--networks", nargs="+", choices=["rl3", "rl1"])
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=JSON", help="change the recipe, for the search")
    parser.add_argument("--validation", action="store_true", help="print validation figures, write nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "models")
    parser.add_argument("--results", type=Path, default=ROOT / "training" / "results.json")
    options = parser.parse_args()
    torch.set_num_threads(1)

    dataset = DATASETS[options.dataset]
    changes = {key: json.loads(value) for key, value in (pair.split("=") for pair in options.set)}
    recipes = {network: {**dataset["recipe"], **dataset.get("overrides", {}).get(network, {}), **changes} for network in ("rl3", "rl1")}
    path = options.npz or Path(os.environ.get("BLINDSIGHT_DATA", ROOT / "../shared/data")) / f"{options.dataset}.npz"
    train_set, validation_set = read_split(path, "train"), read_split(path, "val")
    statistics = pixel_statistics(train_set[0])
    started, runs = time.time(), {}
    for network in options.networks or dataset["networks"]:
        for activation in options.activations:
            found = [train(network, activation, seed, recipes[network], train_set, validation_set) for seed in options.seeds]
            runs[network, activation] = sorted(found, key=lambda run: run["rank"], reverse=True)
            print(f"{options.dataset} {network} {activation}: validation", *(f"{k} {spread([r['validation'][k] for r in found])['mean']:.4f}"
                  for k in ("accuracy", "auc")), f"rank {np.mean([r['rank'] for r in found]):.4f}",
                  f"peak {max(ranges(r['model'], train_set[0])['largestPreActivation'] for r in found):.1f}, {time.time() - started:.0f} s", flush=True)
            for run in runs[network, activation]:
                print("  seed {seed} epoch {epoch} threshold {threshold}".format(**run), run["validation"], flush=True)
    if options.validation:
        return

    # Everything is chosen: the first run of each list ships. Only now is the test split opened.
    test_set = read_split(path, "test")
    everything = json.loads(options.results.read_text()) if options.results.exists() else {}
    options.out.mkdir(exist_ok=True)
    for (network, activation), found in runs.items():
        name = f"{network}-{options.dataset}"
        twin = f"{name}-relu"
        shipped = found[0]
        scores = {run["seed"]: score(run["model"], *test_set, run["threshold"]) for run in found}
        file = name if activation == "quad" else twin
        export(shipped["model"], options.out / f"{file}.onnx", {
            "name": file, "dataset": options.dataset, "labels": dataset["labels"], "positive": 1,
            "threshold": shipped["threshold"], "input": {"height": 28, "width": 28, "channels": 1, "scale": 1 / 127.5, "offset": -1},
            "training": statistics, "twin": twin if activation == "quad" else None})
        everything[file] = {
            "dataset": options.dataset, "network": network, "activation": activation, "labels": dataset["labels"], "recipe": recipes[network],
            "parameters": sum(p.numel() for p in shipped["model"].parameters()),
            "images": {"train": len(train_set[0]), "val": len(validation_set[0]), "test": len(test_set[0])}, "training": statistics,
            "shipped": {"seed": shipped["seed"], "epoch": shipped["epoch"], "threshold": shipped["threshold"],
                        "validation": shipped["validation"], "test": scores[shipped["seed"]], **ranges(shipped["model"], train_set[0]),
                        "over": {"val": ranges(shipped["model"], validation_set[0]), "test": ranges(shipped["model"], test_set[0])}},
            "seeds": [{"seed": r["seed"], "epoch": r["epoch"], "threshold": r["threshold"], "validation": r["validation"],
                       "test": scores[r["seed"]]} for r in sorted(found, key=lambda r: r["seed"])],
            "test": {k: spread([s[k] for s in scores.values()]) for k in ("accuracy", "auc")},
            # PyTorch's own logits of the first test images: an independent check for whoever reads the file.
            "firstTestLogits": logits_of(shipped["model"], test_set[0][:4]).tolist(),
            "seconds": round(time.time() - started)}
        print(file, "test", everything[file]["test"], "shipped", everything[file]["shipped"], flush=True)
    options.results.write_text(json.dumps(dict(sorted(everything.items())), indent=1) + "\n")
    for network, activation in runs:
        if activation == "quad":
            write_card(options.out, f"{network}-{options.dataset}", everything)


if __name__ == "__main__":
    main()
