#!/usr/bin/python3
"""Trains the networks of models/: with a learned quadratic, and their ReLU twins.

    python3 training/train.py breastmnist                  five seeds, both activations, ONNX, card
    python3 training/train.py mnist --networks lola        one network; `--data` names the file or folder
    python3 training/train.py phantom --data phantom.npz   the same on `blindsight phantoms` images
    python3 training/train.py breastmnist --validation     recipe search: the test split stays closed
    python3 training/train.py own --npz my.npz --network rl3 --labels "healthy,ill" --name mine --out .

Needs Debian 12's python3-torch (1.13), python3-onnx and python3-numpy; one CPU thread, seeded.
The order is the discipline: every seed is trained, then epoch, seed and threshold are chosen on the
validation split, and only then are the test arrays read, once, for the report.
"""
import argparse, hashlib, json, time
from pathlib import Path

import numpy as np
import torch

from card import write_card
from choose import logits_of, ranges, score, spread
from datasets import DATASETS, Splits, pattern
from export import export
from fit import new_model, train
from kind import kind_fields
from networks import NETWORKS
from recipes import networks_for, recipe_of

ROOT = Path(__file__).resolve().parent.parent
SEEDS = [0, 1, 2, 3, 4]
LARGEST_TWIN = 160_000  # bytes: of larger ReLU twins only the figures are kept


def main():
    options = parse()
    torch.set_num_threads(1)
    for network in options.networks or networks_for(options.dataset):
        size = options.size or (NETWORKS[network]["size"])
        data = Splits(options.dataset, options.data, options.labels, size)
        recipe = changed(recipe_of(options.dataset, network), options.set)
        sets = {split: data.read(split) for split in ("train", "val")}
        found = run_all(options, data, network, recipe, sets, len(data.labels))
        if not options.validation:
            # Everything is chosen: the first run of each list ships. Only now is the test split opened.
            report(options, data, network, recipe, {**sets, "test": data.read("test")}, found)


def run_all(options, data, network, recipe, sets, classes):
    """Both activations over all seeds, the best first; an outcome that lies in --runs already is not made again."""
    runs, quad_by = {"relu": [], "quad": []}, recipe.get("method") == "staged"
    started = time.time()
    for seed in options.seeds:
        for activation in ("relu", "quad"):
            if activation not in options.activations and not (activation == "relu" and quad_by):
                continue
            twin = next((run for run in runs["relu"] if run["seed"] == seed), None)
            runs[activation].append(kept(options.runs, (data.name, network, activation, seed, size_of(sets), shown(recipe, activation)),
                                         lambda: train(network, activation, seed, recipe, sets, classes, twin),
                                         lambda: new_model(network, activation, sets, classes)))
            run = runs[activation][-1]
            print(f"{data.name} {network} {activation} seed {seed}: epoch {run['epoch']}, threshold {run['threshold']}, validation", run["validation"],
                  f"peaks {peaks(run['model'], sets)}, {time.time() - started:.0f} s", flush=True)
    for activation, found in runs.items():
        if found:
            print(f"{data.name} {network} {activation}: validation", *(f"{k} {np.mean([r['validation'][k] for r in found]):.4f}"
                  for k in ("accuracy", "auc") if found[0]["validation"][k] is not None), f"rank {np.mean([r['rank'] for r in found]):.4f}", flush=True)
    return {activation: sorted(found, key=lambda run: run["rank"], reverse=True) for activation, found in runs.items() if found}


def report(options, data, network, recipe, sets, runs):
    """Opens the test split: ONNX files, the record, the card."""
    name = options.name or f"{network}-{data.name}"
    everything = json.loads(options.results.read_text()) if options.results.exists() else {}
    options.out.mkdir(exist_ok=True, parents=True)
    keeps_twin = False
    for activation in sorted(runs, reverse=True):  # the twin first, since whether its file is kept is said in the other
        found, file = runs[activation], name if activation == "quad" else f"{name}-relu"
        shipped, path = found[0], options.out / f"{file}.onnx"
        scores = {run["seed"]: score(run["model"], sets["test"], run["threshold"]) for run in found}
        description = {"name": file, "dataset": data.name, "labels": data.labels, "positive": 1 if len(data.labels) == 2 else None,
                       "threshold": shipped["threshold"], "input": data.input, "training": data.statistics(),
                       "twin": f"{name}-relu" if activation == "quad" and keeps_twin else None}
        if data.upsampled:
            description["upsampled"] = data.upsampled
        description.update(kind_fields(data))
        bytes_ = export(shipped["model"], path, sets["train"][0].shape[1:], description)
        if activation == "relu":
            keeps_twin = bytes_ <= LARGEST_TWIN
            if not keeps_twin:
                path.unlink()
        everything[file] = entry(data, network, activation, recipe, sets, found, scores)
        if activation == "relu" and not keeps_twin:
            everything[file]["bytes"] = bytes_  # of the file that is not kept
        print(file, "test", everything[file]["test"], "shipped", everything[file]["shipped"], flush=True)
    options.results.write_text(json.dumps(dict(sorted(everything.items())), indent=1) + "\n")
    if f"{name}-relu" in everything and name in everything:
        write_card(options.out, name, everything)


def entry(data, network, activation, recipe, sets, found, scores):
    shipped = found[0]
    return {
        "dataset": data.name, "network": network, "activation": activation, "labels": data.labels, "recipe": recipe,
        "parameters": sum(p.numel() for p in shipped["model"].parameters()),
        "input": data.input, "upsampled": data.upsampled,
        "images": {split: len(labelled[0]) for split, labelled in sets.items()}, "training": data.statistics(),
        "shipped": {"seed": shipped["seed"], "epoch": shipped["epoch"], "threshold": shipped["threshold"],
                    "validation": shipped["validation"], "test": scores[shipped["seed"]], **ranges(shipped["model"], sets["train"][0]),
                    "over": {split: ranges(shipped["model"], sets[split][0]) for split in ("val", "test")}},
        "seeds": [{"seed": r["seed"], "epoch": r["epoch"], "threshold": r["threshold"], "validation": r["validation"],
                   "test": scores[r["seed"]]} for r in sorted(found, key=lambda r: r["seed"])],
        "test": {k: spread([s[k] for s in scores.values()]) for k in ("accuracy", "auc")},
        # PyTorch's own logits of the first test images: an independent check for whoever reads the file.
        "firstTestLogits": logits_of(shipped["model"], sets["test"][0][:4]).tolist(),
        **({"firstTestRows": data.rows("test")[:4]} if data.table else
           {"patternLogits": logits_of(shipped["model"], pattern(sets["test"][0].shape[1:])).tolist()[0]}),
        "seconds": round(sum(run["seconds"] for run in found))}


def kept(folder, key, make, rebuild):
    """An outcome by what made it, from disk where it lies there: a session that is cut loses one seed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{'-'.join(map(str, key[:4]))}-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:12]}.pt"
    if not path.exists():
        started = time.time()
        outcome = make()
        torch.save({**outcome, "model": outcome["model"].state_dict(), "seconds": time.time() - started}, path)
    outcome = torch.load(path)
    model = rebuild()
    model.load_state_dict(outcome["model"])
    return {**outcome, "model": model}


def shown(recipe, activation):
    """What an outcome depends on: a ReLU network's not on how another is fine-tuned from it."""
    return {key: value for key, value in recipe.items() if activation == "quad" or key not in ("fine_tuning", "method")}


def size_of(sets):
    return [[*x.shape, round(x.double().sum().item(), 3)] for x, _ in sets.values()]


def peaks(model, sets):
    found = {split: ranges(model, labelled[0]) for split, labelled in sets.items()}
    return ", ".join(f"{split} {r['largestPreActivation']:.1f}/{r['largestLogit']:.1f}" for split, r in found.items())


def changed(recipe, pairs):
    """`key=JSON`, or `fine_tuning.key=JSON`."""
    recipe = json.loads(json.dumps(recipe))
    for pair in pairs:
        path, value = pair.split("=", 1)
        *outer, key = path.split(".")
        (recipe[outer[0]] if outer else recipe)[key] = json.loads(value)
    return recipe


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=[*DATASETS, "own"])
    parser.add_argument("--data", "--npz", "--folder", type=Path, help="an npz in MedMNIST's form, a folder of PNGs, MNIST's folder;"
                        " default: in $BLINDSIGHT_DATA")
    parser.add_argument("--networks", "--network", nargs="+", choices=NETWORKS)
    parser.add_argument("--labels", type=lambda text: [label.strip() for label in text.split(",")], help="of the classes, by commas")
    parser.add_argument("--name", help="of the files; default NETWORK-DATASET")
    parser.add_argument("--size", type=int, help="pixels a side that images are brought to; default: the network's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--activations", nargs="+", choices=["quad", "relu"], default=["quad", "relu"])
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=JSON", help="change the recipe, for the search")
    parser.add_argument("--validation", action="store_true", help="print validation figures, write nothing")
    parser.add_argument("--runs", type=Path, default=ROOT / "training" / "runs", help="outcomes so far, one file a seed")
    parser.add_argument("--out", type=Path, default=ROOT / "models")
    parser.add_argument("--results", type=Path, help="the record; default training/results.json, of own data beside the network")
    options = parser.parse_args()
    own = options.dataset == "own"
    if own and not (options.data and options.networks and len(options.networks) == 1 and options.name):
        parser.error("own data takes --npz FILE or --folder FOLDER, one --network and --name NAME")
    if own and options.out == ROOT / "models":
        options.out = Path(".")
    options.results = options.results or (options.out / f"{options.name}.json" if own else ROOT / "training" / "results.json")
    return options


if __name__ == "__main__":
    main()
