"""Training: from scratch with the quadratic blended in at once, or a ReLU network made quadratic layer by layer."""
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from choose import better, judge
from networks import Quad, build, quads_of


class Standardise(nn.Module):
    """A table's columns to mean 0 and deviation 1, as those of the training rows; a part of the network."""

    def __init__(self, rows):
        super().__init__()
        self.register_buffer("mean", rows.mean(0, keepdim=True))
        self.register_buffer("deviation", rows.std(0, unbiased=False, keepdim=True).clamp(min=1e-12))

    def forward(self, x):
        return (x - self.mean) / self.deviation


def new_model(network, activation, sets, classes):
    x = sets["train"][0]
    model = build(network, activation, list(x.shape[1:]), classes)
    return model if x.dim() > 2 else nn.Sequential(Standardise(x), *model)


def train(network, activation, seed, recipe, sets, classes, relu=None):
    """
    One training; the averaged model of its best epoch, judged on validation only. With the method "staged" a quadratic network
    starts as `relu`, the outcome of the same seed with ReLU, and learns from its answers too.
    """
    torch.manual_seed(seed)
    model = new_model(network, activation, sets, classes)
    if activation == "quad" and recipe.get("method") == "staged":
        start_from(model, relu["model"], sets["train"][0][:1000])
        settings = {**recipe, **recipe["fine_tuning"]}
        return epochs_of(model, seed, settings, sets, lambda progress, k, n: min(1.0, max(0.0, progress / settings["stages"] * n - k)),
                         average_from=settings["stages"], teacher=relu["model"].eval())
    # Every quadratic at once, over the first 40 % of the epochs, in steps of an epoch.
    return epochs_of(model, seed, recipe, sets, None, average_from=0.5)


def start_from(model, relu, x):
    """The weights of `relu`, each quadratic fitted to what reaches it on `x`."""
    model.load_state_dict(relu.state_dict(), strict=False)
    hooks = [quad.register_forward_pre_hook(lambda module, inputs: module.fit(inputs[0])) for quad in quads_of(model)]
    model.eval()
    for quad in quads_of(model):
        quad.blend = 0.0
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()


def epochs_of(model, seed, recipe, sets, blend_of, average_from, teacher=None):
    x, y = sets["train"]
    quads = quads_of(model)
    epochs, batch = recipe["epochs"], recipe["batch"]
    steps = -(-len(x) // batch)
    weights = len(y) / (2.0 * torch.bincount(y, minlength=2)) if recipe["balance"] else None
    loss_of = nn.CrossEntropyLoss(weights, label_smoothing=recipe["label_smoothing"])
    optimizer = torch.optim.AdamW(model.parameters(), recipe["lr"], weight_decay=recipe["weight_decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe["lr"], total_steps=epochs * steps)
    average, decay, best = None, 1 - 1 / (1 + steps * recipe["ema_epochs"]), None
    for quad in quads:
        quad.strict, quad.range = blend_of is not None, recipe.get("range", Quad.RANGE)
    for epoch in range(epochs):
        model.train()
        for quad in quads:
            quad.blend, quad.penalty, quad.excess = min(1.0, (epoch + 1) / (0.4 * epochs)), 0.0, 0.0
        if average is None and (epoch >= average_from * epochs or epoch == epochs - 1):
            average = copy.deepcopy(model)
            for quad in quads_of(average):
                quad.blend = 1.0
            averaged, running = list(average.state_dict().values()), list(model.state_dict().values())
        for step, index in enumerate(torch.randperm(len(x)).split(batch)):
            for k, quad in enumerate(quads if blend_of else []):
                quad.blend = blend_of((epoch + step / steps) / epochs, k, len(quads))
            inputs = augment(x[index], recipe)
            logits = model(inputs)
            loss = loss_of(logits, y[index]) + recipe["penalty"] * sum(q.penalty for q in quads)
            if teacher is not None:
                loss = loss + recipe["penalty"] * F.relu(logits.abs() - recipe["logit_range"]).square().mean()
                loss = loss + recipe["distil"] * distance(logits, teacher, inputs, recipe["temperature"])
                if recipe.get("strange") and inputs.dim() == 4:
                    loss = loss + recipe["strange"] * excess(model, quads, strange(inputs[:len(inputs) // 4]), recipe["logit_range"])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                for quad in quads:
                    quad.a.clamp_(min=Quad.SMALLEST_A)
                if average is not None:  # the running statistics of BN are averaged with the weights
                    for mean, value in zip(averaged, running):
                        mean.lerp_(value, 1 - decay) if mean.is_floating_point() else mean.copy_(value)
        if average is not None:
            best = better(judge(average, seed, epoch + 1, sets["val"], recipe["threshold"]), best)
    return best


def distance(logits, teacher, inputs, temperature):
    """How far the answers are from the teacher's on the same images: Kullback and Leibler's, softened."""
    with torch.no_grad():
        wanted = F.log_softmax(teacher(inputs) / temperature, 1)
    return F.kl_div(F.log_softmax(logits / temperature, 1), wanted, log_target=True, reduction="batchmean") * temperature ** 2


def excess(model, quads, x, logit_range):
    """How far values leave their range on images that the network never learns to name, by orders of magnitude: a layer squares what
    the one before lets pass, so that a single such image may reach thousands."""
    norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    for norm in norms:  # these images are not to be in its statistics
        norm.eval()
    logits = model(x)
    for norm in norms:
        norm.train()
    # As far again as the range is let pass: it is the squares of squares that must not be.
    beyond = lambda quad: F.relu(quad.excess - quad.range)
    return sum(torch.log1p(beyond(quad)).mean() for quad in quads) + torch.log1p(F.relu(logits.abs() - 2 * logit_range)).mean()


def strange(x):
    """Images as nobody took them: other contrast and brightness, a frame of one grey, or nothing but noise; pixels stay pixels."""
    n, side = len(x), x.shape[-1]
    uniform = lambda low, high: low + (high - low) * torch.rand(n, 1, 1, 1)
    x = (x * torch.exp(uniform(-1, 1)) + uniform(-0.7, 0.7)).clamp(-1, 1)
    noise = torch.rand_like(x) * 2 - 1
    x = torch.where(uniform(0, 1) < 0.1, noise * uniform(0, 1), x)
    place = torch.arange(side) / side
    rows, columns = place.view(1, 1, -1, 1), place.view(1, 1, 1, -1)
    depth = lambda: uniform(-0.2, 0.4)
    inside = (rows >= depth()) & (1 - rows > depth()) & (columns >= depth()) & (1 - columns > depth())
    frame = torch.where(uniform(0, 1) < 0.5, torch.full((n, 1, 1, 1), -1.0), uniform(-1, 1))
    return torch.where(inside, x, frame)


def augment(x, recipe):
    """A flip, shift, turn and zoom of each image's own; the border repeats, so no black edge is learned."""
    if x.dim() < 4:
        # A row further out than any: tables have far outliers, which a quadratic must not send anywhere.
        mean, deviation = x.mean(0, keepdim=True), x.std(0, keepdim=True)
        x = mean + (x - mean) * (1 + recipe.get("stretch", 0.0) * torch.rand(len(x), 1))
        return x + recipe.get("noise", 0.0) * deviation * torch.randn_like(x)
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
