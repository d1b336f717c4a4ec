"""Data sets: labelled arrays in three splits, each read only when it is asked for."""
import csv
import os
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = Path(os.environ.get("BLINDSIGHT_DATA", Path(__file__).resolve().parent.parent / "../shared/data"))
SPLITS = ["train", "val", "test"]
PIXELS = dict(scale=1 / 127.5, offset=-1)  # how a pixel 0..255 enters a network

# `scale` and `offset` as the card gives them; a table's numbers enter as they are, standardised by the network's first node.
DATASETS = {
    "breastmnist": dict(labels=["malignant", "normal or benign"], file="breastmnist.npz"),
    "pneumoniamnist": dict(labels=["normal", "pneumonia"], file="pneumoniamnist.npz"),
    "phantom": dict(labels=["clear", "lesion"], file="phantom.npz"),
    "mnist": dict(labels=[str(digit) for digit in range(10)], file="mnist"),
    "wdbc": dict(labels=["benign", "malignant"], file="tabular/wdbc.data"),
}


class Splits:
    """`read(split)` gives float inputs as the network takes them, channels first, and class numbers."""

    def __init__(self, name, path, labels=None, size=None):
        known = DATASETS.get(name, {})
        self.name, self.path = name, Path(path or FOLDER / known["file"])
        if not self.path.exists():
            raise SystemExit(f"{self.path} is not there: name the data set's file by --data, see training/README.md")
        self.table, self.idx = self.path.suffix == ".data", (self.path / IDX["test"][0]).exists()
        self.labels = labels or known.get("labels") or (classes_of(self.path) if self.path.is_dir() and not self.idx else None)
        self.size, self.native, self.kept, self.raw = size, None, {}, {}

    def read(self, split):
        if split not in self.kept:
            reader = read_table if self.table else read_idx if self.idx else read_folder if self.path.is_dir() else read_npz
            values, classes = reader(self.path, split, self.labels)
            self.labels = self.labels or [f"class {k}" for k in range(int(classes.max()) + 1)]
            found = sorted(set(np.asarray(classes).tolist()))
            if found != list(range(len(self.labels))):
                raise SystemExit(f"{self.path}: the {split} split has the classes {found}, of {len(self.labels)} ({', '.join(self.labels)}):"
                                 " each split needs images of each class, numbered from 0")
            self.raw[split] = values
            self.kept[split] = (torch.tensor(values).float() if self.table else self.pixels(values)), torch.tensor(classes).long()
        return self.kept[split]

    def pixels(self, images):
        x = torch.tensor(images).float()
        x = x.unsqueeze(1) if x.dim() == 3 else x.permute(0, 3, 1, 2)
        self.native = x.shape[-1] if x.shape[-1] == x.shape[-2] else list(x.shape[-2:])
        if self.size and x.shape[-2:] != (self.size, self.size):
            if max(x.shape[-2:]) <= self.size:
                x = F.interpolate(x, (self.size, self.size), mode="bilinear", align_corners=False)
            else:
                rows, columns = (areas(n, self.size).float() for n in x.shape[-2:])
                x = torch.einsum("yi,ncij,xj->ncyx", rows, x, columns)
        return x / 127.5 - 1

    def grey(self, split):
        """Pictures 0..255 (n, rows, columns), channels averaged: of the network's size, or of their own where they were enlarged."""
        x = (self.read(split)[0] + 1) * 127.5
        if self.upsampled or self.native == x.shape[-1]:  # bytes as they are, not rounded on the way
            x = torch.tensor(self.raw[split])
            x = x.unsqueeze(1) if x.dim() == 3 else x.permute(0, 3, 1, 2)
        return x.double().mean(1).numpy()

    def rows(self, split):
        """Which lines of a table's file the split holds, from 0."""
        return cut(sum(len(labelled[0]) for labelled in map(self.read, SPLITS)), split).tolist()

    @property
    def upsampled(self):
        """What the images were made from; of larger ones nothing: those are cut to size by areas, as the library does."""
        smaller = self.size and self.native != self.size and np.max(self.native) <= self.size
        return {"from": self.native, "method": "bilinear"} if smaller else None

    @property
    def input(self):
        x = self.read("train")[0]
        if self.table:
            return {"channels": x.shape[1], "scale": 1, "offset": 0}
        return {"height": x.shape[2], "width": x.shape[3], "channels": x.shape[1], **PIXELS}

    def statistics(self):
        """Of the pixels, 0..255, of the training images: whoever feeds the network can see whether an image is like them."""
        if self.table:
            return None
        pixels = ((self.read("train")[0] + 1) * 127.5).flatten(1)
        bounds = lambda v: [round(v.min().item(), 2), round(v.max().item(), 2)]
        return {"pixelMean": bounds(pixels.mean(1)), "pixelStd": bounds(pixels.std(1, unbiased=False))}


def areas(sources, targets):
    """Each target cell is the exact mean over its share of the line, as in src/picture/resample.ts."""
    ratio = sources / targets
    low, high = (torch.arange(first, targets + first).double()[:, None] * ratio for first in (0, 1))
    cell = torch.arange(sources)[None, :]
    return (torch.minimum(cell + 1, high) - torch.maximum(cell, low)).clamp(min=0) / ratio


def pattern(shape):
    """A picture that any reader can make without the data: pixel k is 37·k modulo 256."""
    return ((37 * torch.arange(int(np.prod(shape)))) % 256).float().reshape(1, *shape) / 127.5 - 1


def read_npz(path, split, _labels):
    """MedMNIST's form: {train,val,test}_images (n, h, w) or (n, h, w, 3), {train,val,test}_labels (n, 1)."""
    with np.load(path) as arrays:
        missing = [name for name in (f"{split}_images", f"{split}_labels") if name not in arrays]
        if missing:
            raise SystemExit(f"{path} has no {' and no '.join(missing)}, only {', '.join(arrays)}: MedMNIST's names were expected")
        images, classes = arrays[f"{split}_images"], arrays[f"{split}_labels"].reshape(-1)
    if images.dtype != np.uint8 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3))):
        raise SystemExit(f"{path}: {split}_images is {images.dtype} of shape {images.shape}; uint8 (n, h, w) or (n, h, w, 3) was expected")
    if len(classes) != len(images):
        raise SystemExit(f"{path}: {len(classes)} labels for {len(images)} images in {split}; one label an image was expected")
    return images, classes


IDX = {"train": ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"], "test": ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]}


def read_idx(path, split, _labels):
    """MNIST's form. Validation is the last 5,000 of the 60,000 training images."""
    def values(file, axes):
        data = (path / file).read_bytes()
        shape = struct.unpack(f">{axes}I", data[4:4 + 4 * axes])
        return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)

    images, labels = IDX["test" if split == "test" else "train"]
    part = {"train": slice(0, -5000), "val": slice(-5000, None), "test": slice(None)}[split]
    return values(images, 3)[part], values(labels, 1)[part]


def read_table(path, split, _labels):
    """UCI's wdbc.data: id, M or B, thirty numbers a row. Shuffled by seed 0: 60 % train, 20 % validation, 20 % test."""
    with open(path) as file:
        rows = [row for row in csv.reader(file) if row]
    part = cut(len(rows), split)
    return np.array([row[2:] for row in rows], np.float64)[part], np.array([row[1] == "M" for row in rows], np.uint8)[part]


def read_folder(path, split, labels):
    """PNGs as SPLIT/CLASS/*.png, or as CLASS/*.png: then shuffled by seed 0, 60 % train, 20 % validation, 20 % test."""
    try:
        from PIL import Image
    except ImportError:
        raise SystemExit("pictures need Pillow: apt-get install python3-pil")
    divided = all((path / name).is_dir() for name in SPLITS)
    root = path / split if divided else path
    files = [(file, k) for k, name in enumerate(labels) for file in sorted((root / name).glob("*.png"))]
    if not files:
        raise SystemExit(f"{root} holds no {'/*.png, '.join(labels)}/*.png: a folder of PNGs for each class was expected")
    chosen = files if divided else [files[k] for k in cut(len(files), split)]
    pictures = [Image.open(file) for file, _ in chosen]
    deep = lambda picture: picture.mode.startswith("I")
    mode = "L" if all(deep(picture) or picture.mode in ("L", "1", "LA") for picture in pictures) else "RGB"
    sizes = {picture.size for picture in pictures}
    if len(sizes) > 1:
        raise SystemExit(f"{root}: the pictures have {len(sizes)} sizes, e.g. {sorted(sizes)[:3]}; bring them to one first")
    # Pillow cuts 16 bits off at 255 where it converts them.
    eight = lambda picture: np.rint(np.asarray(picture) / 257).astype(np.uint8) if deep(picture) else np.asarray(picture.convert(mode))
    return np.stack([eight(picture) for picture in pictures]), np.array([k for _, k in chosen])


def classes_of(path):
    root = path / "train" if (path / "train").is_dir() else path
    return sorted(folder.name for folder in root.iterdir() if folder.is_dir())


def cut(count, split):
    order = np.random.RandomState(0).permutation(count)
    low, high = round(0.6 * count), round(0.8 * count)
    return {"train": order[:low], "val": order[low:high], "test": order[high:]}[split]
