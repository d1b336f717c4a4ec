"""How often the check of an image's kind (kind.py) warns: of each model data set's own test split, and of everything else.

Writes training/kind.json, from which card.py draws the cards, and the tables between the marks of docs/image-kinds.md.
"""
import json
import struct

import numpy as np
import torch
import torch.nn.functional as F

from datasets import FOLDER, Splits, areas, read_idx
from kind import MODALITY, ROOT, card_of, resampled, scores

SIDE = 28
RECORD = ROOT / "training" / "kind.json"
PAGE = ROOT / "docs" / "image-kinds.md"
COUNT = 300  # of what is drawn by chance


def report(names, mnist=None):
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for name in names:
        kind = kind_of(name)
        own = Splits(name, None).grey("test")
        groups = {"own": {"test split": own, **alike(own)}, "other": others(name, mnist), "changed": changed(own)}
        # The scores are for whoever reads the card in another language.
        found[name] = {**found.get(name, {}), "threshold": kind["threshold"], "bytes": len(json.dumps(kind, separators=(",", ":"))),
                       "firstTestScores": scores(kind, own[:4]).tolist(), "patternScore": float(scores(kind, pattern())[0])}
        for group, sets in groups.items():
            # What is not at hand this time, such as digits, keeps the rate of its last measurement.
            found[name][group] = {**{t: r for t, r in found[name].get(group, {}).items() if "MNIST" in t}, **{title: rate(kind, pictures) for title, pictures in sets.items()}}
        print(name, json.dumps(found[name], indent=1))
    RECORD.write_text(json.dumps(found, indent=1) + "\n")
    if PAGE.exists():
        draw(found)


def kind_of(name):
    """As the shipped RL-3 has it."""
    return card_of(ROOT / "models" / f"rl3-{name}.onnx")["kind"]


def pattern():
    """A picture that any reader can make without the data: pixel k is 37·k modulo 256."""
    return (37 * np.arange(SIDE * SIDE) % 256).astype(float).reshape(1, SIDE, SIDE)


def rate(kind, pictures):
    flagged = scores(kind, pictures) > kind["threshold"]
    return {"images": len(flagged), "flagged": int(flagged.sum())}


def alike(own):
    """Own pictures that came another way: these should pass."""
    return {"enlarged 8×, cropped by up to 6 %, made smaller again": resampled(own, 11),
            "the same, contrast ±15 %, brightness ±10": resampled(own, 12, gain=0.15, bias=10)}


def others(name, mnist):
    found = {f"{other}, test split": Splits(other, None).grey("test") for other in MODALITY if other != name}
    found["CT slice (CT_small.dcm)"] = slices("CT_small", -1024, [None, (-160, 240), (-1350, 150), (-500, 1300)])
    found["MR slice (MR_small.dcm)"] = slices("MR_small", 0, [None, (154, 1728), (0, 800), (0, 1500)])
    found["screenshots"] = screenshots()
    found["phantoms of this library"] = phantoms()
    if mnist:
        found["handwritten digits (MNIST, first 1,000 of test)"] = read_idx(mnist, "test", None)[0][:1000].astype(float)
    return {**found, **drawn()}


def slices(name, intercept, windows):
    """
    A slice in several windows (None: from its least value to its largest), whole, its middle of 3/4 and of 1/2, its four corners of 3/4, each as
    it is, mirrored and upside down: 4·7·3 pictures of 28×28, by exact means over areas.
    """
    values = pixels_of(FOLDER / "dicom" / f"{name}.dcm") + intercept
    found = []
    for window in windows:
        low, high = window or (values.min(), values.max())
        grey = np.rint(np.clip((values - low) / (high - low), 0, 1) * 255)
        side = len(grey)
        eighth, quarter = side // 8, side // 4
        parts = [grey, grey[eighth:side - eighth, eighth:side - eighth], grey[quarter:side - quarter, quarter:side - quarter]]
        parts += [grey[y:y + side - quarter, x:x + side - quarter] for y in (0, quarter) for x in (0, quarter)]
        found += [smaller(view) for part in parts for view in (part, part[:, ::-1], part[::-1])]
    return np.array(found)


def pixels_of(path):
    """Of the two test files, which are explicit, little-endian, uncompressed squares of 16 bits."""
    data = path.read_bytes()
    start = data.index(b"\xe0\x7f\x10\x00OW")
    length = struct.unpack("<I", data[start + 8:start + 12])[0]
    side = round((length // 2) ** 0.5)
    return np.frombuffer(data[start + 12:start + 12 + length], "<i2").astype(float).reshape(side, side)


def smaller(picture):
    rows, columns = (areas(side, SIDE).numpy() for side in picture.shape)
    return np.rint(rows @ picture @ columns.T)


def screenshots():
    """scripts/screenshots.mjs made them, one below the other."""
    from PIL import Image
    return np.asarray(Image.open(ROOT / "test" / "nn" / "screenshots.png")).astype(float).reshape(-1, SIDE, SIDE)


def phantoms():
    """The first of `blindsight phantoms`' training split, drawn by the library itself."""
    import subprocess
    script = "import { drawPhantom } from './dist/data/phantom.js'; for (let k = 0; k < %d; k++) process.stdout.write(drawPhantom(1, k).pixels)" % COUNT
    drawn = subprocess.run(["node", "--input-type=module", "-e", script], cwd=ROOT, capture_output=True, check=True).stdout
    return np.frombuffer(drawn, np.uint8).reshape(-1, SIDE, SIDE).astype(float)


def drawn():
    random = np.random.RandomState(7)
    shape = (COUNT, SIDE, SIDE)
    each = lambda low, high: random.uniform(low, high, (COUNT, 1, 1))
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1) - 0.5
    angle, levels = each(0, 2 * np.pi), np.sort(random.uniform(0, 255, (2, COUNT, 1, 1)), axis=0)
    slope = np.cos(angle) * x + np.sin(angle) * y
    slope = (slope - slope.min((1, 2), keepdims=True)) / np.ptp(slope, (1, 2)).reshape(-1, 1, 1)
    return {"noise, uniform": np.floor(random.uniform(0, 256, shape)),
            "noise, Gaussian (mean 60..190, deviation 10..80)": np.clip(np.rint(random.normal(each(60, 190), each(10, 80), shape)), 0, 255),
            "one grey value each, 0..255": np.ones((256, SIDE, SIDE)) * np.arange(256)[:, None, None],
            "even slopes from one grey value to another": np.rint(levels[0] + (levels[1] - levels[0]) * slope)}


def changed(own):
    """Own pictures, spoilt: what each step is caught at."""
    # From larger originals such parts would be sharper than these are.
    enlarge = lambda part: F.interpolate(torch.tensor(part[:, None]), (SIDE, SIDE), mode="bicubic").clamp(0, 255)[:, 0].numpy()
    coarse = areas(SIDE, SIDE // 4).numpy()
    spread = np.repeat(coarse, 4, 0)
    shifted = np.zeros_like(own)
    shifted[:, :, 8:] = own[:, :, :-8]
    return {"inverted": 255 - own, "upside down": own[:, ::-1], "mirrored": own[:, :, ::-1],
            "turned by 90° to the left": np.rot90(own, 1, (1, 2)), "turned by 90° to the right": np.rot90(own, 3, (1, 2)),
            "middle 3/4 only, enlarged (bicubic)": enlarge(own[:, 3:24, 3:24]),
            "middle half only, enlarged (bicubic)": enlarge(own[:, 7:21, 7:21]),
            "upper left quarter only, enlarged (bicubic)": enlarge(own[:, :14, :14]),
            "moved right by 8 pixels, black beside it": shifted, "moved right by 8 pixels, what leaves comes back": np.roll(own, 8, 2),
            "blocks of 4×4 pixels": np.einsum("yi,nij,xj->nyx", spread, own, spread),
            "noise of deviation 25 on it": np.clip(own + np.random.RandomState(8).normal(0, 25, own.shape), 0, 255),
            "pixels shuffled": np.array([np.random.RandomState(k).permutation(p.ravel()).reshape(p.shape) for k, p in enumerate(own)]),
            "gamma 0.4": 255 * (own / 255) ** 0.4, "half the contrast": 64 + own / 2}


TITLES = {"own": "Its own kind: should pass", "other": "Another kind: should be told", "changed": "Its own test split, spoilt"}


def draw(found):
    lines = []
    for group, title in TITLES.items():
        titles = list(dict.fromkeys(t for record in found.values() for t in record[group]))
        lines += [f"| {title} | {' | '.join(f'{name} models' for name in found)} |", f"|---|{'---|' * len(found)}"]
        lines += [f"| {t} | {' | '.join(shown(record[group].get(t)) for record in found.values())} |" for t in titles] + [""]
    begin, end = "<!-- training/kind_report.py -->", "<!-- end -->"
    before, rest = PAGE.read_text().split(begin)
    PAGE.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n" + end + rest.split(end)[1])


def shown(found):
    return "–" if found is None else f"{100 * found['flagged'] / found['images']:.1f} % ({found['flagged']} of {found['images']})"
