"""What is measured of a network, and how epoch, seed and threshold are chosen: on validation only."""
import copy

import numpy as np
import torch
import torch.nn.functional as F

from networks import activations_of, quads_of


def judge(model, seed, epoch, validation_set, criterion):
    """An epoch's outcome. Its `rank` decides among epochs and seeds."""
    x, labels = validation_set
    logits = logits_of(model, x)
    threshold = choose_threshold(F.softmax(logits, 1)[:, 1], labels, criterion) if logits.shape[1] == 2 else None
    found = score_of(logits, labels, threshold)
    # Both figures count; the cross-entropy breaks the ties that small validation splits make.
    rank = (found["auc"] or 0) + found["accuracy"] - 0.1 * F.cross_entropy(logits, labels).item()
    return dict(rank=rank, seed=seed, epoch=epoch, threshold=threshold, validation=found, model=model)


def better(found, best):
    """The higher rank, its model kept as it is now."""
    return best if best is not None and found["rank"] <= best["rank"] else {**found, "model": copy.deepcopy(found["model"])}


def score(model, labelled, threshold):
    return score_of(logits_of(model, labelled[0]), labelled[1], threshold)


def score_of(logits, labels, threshold):
    if logits.shape[1] != 2:
        return {"accuracy": (logits.argmax(1) == labels).double().mean().item(), "auc": None}
    probability = F.softmax(logits, 1)[:, 1]
    return {"accuracy": ((probability >= threshold).long() == labels).double().mean().item(),
            "auc": area_under_curve(probability, labels)}


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
    found = share * sensitivity + (1 - share) * specificity
    best = torch.where(found >= found.max() - 1e-9, widths, torch.zeros(1, dtype=torch.double)).argmax()
    return round(cuts[best].item(), 4)


def ranges(model, x):
    """What the encryption layer must hold, over images `x`."""
    peaks = []
    hooks = [module.register_forward_pre_hook(lambda _, inputs: peaks.append(inputs[0].abs().max().item()))
             for module in activations_of(model)]
    logits = logits_of(model, x)
    for hook in hooks:
        hook.remove()
    quads = quads_of(model)
    return {"largestPreActivation": max(peaks), "largestLogit": logits.abs().max().item(),
            "smallestA": min((q.a.abs().min().item() for q in quads), default=None),
            "largestShift": max(((q.b / (2 * q.a)).abs().max().item() for q in quads), default=None)}


def spread(values):
    if values[0] is None:
        return None
    return {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "min": min(values), "max": max(values)}
