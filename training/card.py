#!/usr/bin/python3
"""Draws the model cards, models/NAME.md, from training/results.json; no figure in them is typed by hand."""
import json
import math
import re
from pathlib import Path

from card_texts import DATA, FOREKNOWN, FOREKNOWN_STAGED, FRAMED, LIMITS
from networks import NETWORKS

ROOT = Path(__file__).resolve().parent.parent
KIND_RECORD = ROOT / "training" / "kind.json"
KINDS = json.loads(KIND_RECORD.read_text()) if KIND_RECORD.exists() else {}
WORDS = ["no seed", "one seed", "two seeds", "three seeds", "four seeds", "five seeds"]


def write_card(folder, name, results):
    quad, relu = results[name], results[f"{name}-relu"]
    shipped, images = quad["shipped"], quad["images"]
    data = DATA.get(quad["dataset"], "Data of one's own.")
    text = f"""# {name}

{head(name, quad, relu)}

## Data
{data}{upsampled(quad)}
Images: {images['train']} train, {images['val']} validation, {images['test']} test, {split_by(quad)}.

## Figures
On the test split, read once after everything was chosen. In the clear, float32{threshold_note(quad)}.

{figures(quad, relu)}

Validation figures are those of the epoch{' and threshold' if binary(quad) else ''} picked by them, so they flatter.

## Choice
{choice(quad)}

## Recipe
{recipe(quad)}

## What the encryption layer must hold
{bounds(quad)}
{other_kinds(quad)}
## Limits
{limits(quad)}
"""
    if extents_of(quad) is None:
        text = re.sub(r"\bImage", "Row", re.sub(r"\bimage", "row", text))
    Path(folder, f"{name}.md").write_text(text)


def head(name, quad, relu):
    labels, title = quad["labels"], NETWORKS[quad["network"]]["title"]
    if staged(quad):
        what = f"""{title}, with batch normalisation and a learned quadratic
a·x² + b·x + c per channel for each activation."""
        twin = f"It was made from the weights of its twin with ReLU, `{name}-relu.onnx`." if "bytes" not in relu else \
            f"It was made from the weights of a twin with ReLU, of which only the figures\nare kept ({relu['bytes'] / 1000:.0f} kB)."
    else:
        what = f"{title}, each a convolution,\nbatch normalisation and a learned quadratic a·x² + b·x + c per channel."
        twin = f"`{name}-relu.onnx` is its twin with ReLU, the same\nrecipe otherwise."
    classes = ", ".join(f"{k} {label}" for k, label in enumerate(labels)) if len(labels) < 10 or labels[0] != "0" else "the ten digits"
    auc = "; the AUC is class 1's" if binary(quad) else ""
    return f"""**Not for clinical use.** A demonstration of encrypted inference, with {quad['parameters']:,} parameters: {what} {twin} Classes: {classes}{auc}."""


def split_by(quad):
    if quad["dataset"] == "own":
        return "split as the file or folder splits them, a folder without splits by seed 0"
    return "split as said above" if quad["dataset"] in ("mnist", "wdbc") else "split as the file splits them"


def choice(quad):
    shipped, two = quad["shipped"], binary(quad)
    cut, sum_ = (f", threshold {shipped['threshold']}", "accuracy + AUC") if two else ("", "accuracy")
    chosen = "recipe, seed, epoch and threshold" if two else "recipe, seed and epoch"
    return f"""Shipped: seed {shipped['seed']}, epoch {shipped['epoch']}{cut}, because {sum_} − 0.1·(cross-entropy) on the validation split is
the highest of the {counted(quad)} there. None of the test figures above was known when {chosen} were chosen.{foreknown(quad)}{few(quad)}"""


def foreknown(quad):
    known = (FOREKNOWN_STAGED if staged(quad) else FOREKNOWN).get(quad["dataset"], "")
    return known + (FRAMED if staged(quad) and quad["recipe"]["fine_tuning"].get("strange") else "")


def few(quad):
    missing = len(quad["seeds"]) < 5 and quad["dataset"] != "own"
    return f"\nOnly {counted(quad)} were trained, for want of time: the spread is that of so few." if missing else ""


def extents_of(quad):
    """Height and width of the images; undefined for a table."""
    side = NETWORKS[quad["network"]]["size"]
    taken = quad.get("input", {"height": side, "width": side})
    return f"{taken['height']}×{taken['width']}" if taken.get("height") else None


def upsampled(quad):
    if not quad.get("upsampled"):
        return ""
    native = quad["upsampled"]["from"]
    native = "×".join(map(str, native if isinstance(native, list) else [native, native]))
    return f"""
**Upsampled**: the network takes {extents_of(quad)} pixels, which were made of {native} by bilinear interpolation (PyTorch's `F.interpolate`,
`align_corners=False`), not taken from larger originals; there is no more in them than in the {native}."""


def threshold_note(quad):
    return "; the threshold is each run's own, chosen on validation" if binary(quad) else "; the verdict is the largest logit"


def figures(quad, relu):
    keys = ["accuracy", "auc"] if binary(quad) else ["accuracy"]
    digits = 3 if binary(quad) else 4
    number = lambda value: f"{value:.{digits}f}"
    cells = lambda values: " | ".join(values)
    row = lambda title, scores: f"| {title} | {cells(number(scores[k]) for k in keys)} |"

    def spread_of(v):
        deviation = "" if v["sd"] is None else f" ± {number(v['sd'])}"
        return f"{number(v['mean'])}{deviation} ({number(v['min'])}..{number(v['max'])})"

    def spread_row(title, result):
        return f"| {title} | {cells(spread_of(result['test'][k]) for k in keys)} |"

    def seed_row(s):
        pair = lambda scores: " / ".join(number(scores[k]) for k in keys)
        cut = f" {s['threshold']} |" if binary(quad) else ""
        return f"| {s['seed']}{' (shipped)' if s['seed'] == quad['shipped']['seed'] else ''} | {s['epoch']} |{cut} {pair(s['validation'])} | {pair(s['test'])} |"

    what = "accuracy / AUC" if binary(quad) else "accuracy"
    gaps = cells(f"{relu['test'][k]['mean'] - quad['test'][k]['mean']:+.{digits}f}" for k in keys)
    return "\n".join([
        f"| | {cells('AUC' if k == 'auc' else k for k in keys)} |", f"|---|{'---|' * len(keys)}",
        row("this file", quad["shipped"]["test"]),
        row(f"its ReLU twin (seed {relu['shipped']['seed']})", relu["shipped"]["test"]),
        spread_row(f"{counted(quad)}, mean ± standard deviation (range)", quad),
        spread_row(f"{counted(relu)} of the twin", relu),
        f"| the gap: mean of the twins less mean of these | {gaps} |", "",
        f"| seed | epoch |{' threshold |' if binary(quad) else ''} validation {what} | test {what} |",
        f"|---|---|{'---|' if binary(quad) else ''}---|---|",
        *map(seed_row, quad["seeds"])])


def recipe(quad):
    recipe, seeds = dict(quad["recipe"]), [s["seed"] for s in quad["seeds"]]
    named = f"`training/train.py`, seeds {seeds[0]} to {seeds[-1]}"
    unused = ("shift", "flip", "rotate", "zoom", "contrast") if extents_of(quad) is None else ()
    listed = lambda values: ", ".join(f"{key} {json.dumps(value)}" for key, value in values.items() if key not in unused)
    if not staged(quad):
        return f"""{named}: AdamW, one cycle; the quadratic starts at 0.1995, 0.5, 0.1995 and is blended in from ReLU over the first 40 % of
the epochs; penalty on |x| > 6 before it; gradient norm clipped to 1; a ≥ 0.02; from half way on, the exponential average of the weights
is what is judged and shipped. Settings: {listed(recipe)}."""
    tuning = recipe.pop("fine_tuning")
    recipe.pop("method")
    return f"""{named}: first the ReLU network (AdamW, one cycle; from half way on, the exponential average of the weights is judged
and kept). Then, from the weights of its best epoch, the quadratic one: each quadratic starts as the parabola nearest to ReLU for values as
spread as its channel's, and one after another is blended in over the first {tuning['stages'] * 100:.0f} % of the epochs; the loss adds {tuning['distil']} times the
distance (Kullback and Leibler's, temperature {tuning['temperature']}) from the ReLU network's answers, and {tuning['penalty']} times a penalty on the square by which each image's largest value before
a quadratic exceeds {tuning['range']}, or a logit {tuning['logit_range']}; gradient norm clipped to 1; a ≥ 0.02.{strange(tuning)} Settings: {listed(recipe)}.
Fine-tuning: {listed(tuning)}."""


def strange(tuning):
    if not tuning.get("strange"):
        return ""
    return f""" On images that are none (other contrast, frames, noise:
`strange` in `training/fit.py`), which are never named, the logarithm of what exceeds twice these bounds is added {tuning['strange']} times."""


def bounds(quad):
    shipped = quad["shipped"]
    beyond = lambda split: "{largestPreActivation:.2f} and {largestLogit:.2f}".format(**shipped["over"][split])
    over, trained = shipped["over"]["test"]["largestPreActivation"], shipped["largestPreActivation"]
    # The library's margin is 2 unless said.
    margin = "" if over <= 2 * trained else f"\n**A margin of 2 is too small for the test split: take {2 ** math.ceil(math.log2(over / trained))}.**"
    text = f"""Over the training images: largest |pre-activation| {shipped['largestPreActivation']:.2f}, largest |logit| {shipped['largestLogit']:.2f}; smallest |a| {shipped['smallestA']:.4f}, largest
|b/2a| {shipped['largestShift']:.2f}. Over the validation images {beyond('val')}; over the test images {beyond('test')}
(pre-activation, logit): calibrate with a margin, and check.{margin}"""
    if not quad["training"]:
        return text
    mean, deviation = quad["training"]["pixelMean"], quad["training"]["pixelStd"]
    return f"{text} Training images have mean pixels {mean[0]} to {mean[1]} and standard deviations {deviation[0]} to {deviation[1]} (of 255)."


def other_kinds(quad):
    """Flag rates of the check of an image's kind, from training/kind.json."""
    measured = KINDS.get(quad["dataset"])
    if not measured:
        return ""
    share = lambda group, title: "{:.1f} %".format(100 * measured[group][title]["flagged"] / measured[group][title]["images"])
    listed = lambda group: "; ".join(f"{title} {share(group, title)}" for title in measured[group] if title != "test split")
    return f"""
## Images of another kind
The card's field `kind` ({measured['bytes'] / 1000:.1f} kB; `training/kind.py`) lets the key holder be warned of images unlike the training images. Fitted on the training split; its
threshold, {measured['threshold']}, is of the training (cross-validated) and validation splits. Share of images that are warned of: **{share('own', 'test split')} of the test split**.
Another kind: {listed('other')}.
The test split, spoilt: {listed('changed')}. How, and what it misses: docs/image-kinds.md.
"""


def limits(quad):
    size = extents_of(quad)
    seen = "thirty numbers. A row unlike the training rows" if size is None else f"{size} pixels. An image unlike the training images"
    return "\n".join(f"- {line}" for line in LIMITS.get(quad["dataset"], []) + [
        "The probability is a softmax after label smoothing, not calibrated: it is no chance of disease."
        if quad["dataset"] != "mnist" else "The probability is a softmax after label smoothing, not calibrated.",
        f"The network sees {seen} gets an answer all the same."])


def binary(quad):
    return len(quad["labels"]) == 2


def staged(quad):
    return quad["recipe"].get("method") == "staged"


def counted(result):
    count = len(result["seeds"])
    return WORDS[count] if count < len(WORDS) else f"{count} seeds"


if __name__ == "__main__":
    results = json.loads((ROOT / "training" / "results.json").read_text())
    for name, result in results.items():
        if result["activation"] == "quad":
            write_card(ROOT / "models", name, results)
