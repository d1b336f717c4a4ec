"""The networks as data, and what builds them in PyTorch with a learned quadratic or with ReLU."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# "conv OUTPUTS KERNEL [STRIDE [PADDING]]" and "dense OUTPUTS" carry batch normalisation and an activation; "residual OUTPUTS [STRIDE]"
# is two 3x3 convolutions, activated between them and after the sum with what they took, which a 1x1 convolution brings to their
# shape where it changes. "pool" is the mean of 2x2, "mean" that of the image. A linear layer to the classes ends each. `drawn_with`:
# the weights of these start from one row of random numbers, one network after another, as when the files of models/ were made.
NETWORKS = {
    "rl1": dict(title="RL-1 (one non-linear layer)", size=28, layers=["conv 4 5 2", "mean"], drawn_with=["rl1", "rl3"]),
    "rl3": dict(title="RL-3 (three non-linear layers)", size=28, layers=["conv 8 5 2", "conv 16 3", "pool", "conv 32 3", "mean"],
                drawn_with=["rl1", "rl3"]),
    "rl6": dict(title="RL-6 (six non-linear layers)", size=64, layers=[
        "conv 16 5 2", "conv 16 3", "pool", "conv 32 3", "conv 32 3", "pool", "conv 64 3", "conv 64 3", "mean"]),
    "resnet8": dict(title="ResNet-8 (a convolution, three residual blocks and a linear layer)", size=28, layers=[
        "conv 16 3", "residual 16", "residual 32 2", "residual 64 2", "mean"]),
    "vgg": dict(title="VGG's shape (blocks of 3×3 convolutions with a pooling between them; five non-linear layers)", size=28, layers=[
        "conv 16 3", "conv 16 3", "pool", "conv 32 3", "conv 32 3", "pool", "conv 64 3", "mean"]),
    "lola": dict(title="LoLa's shape (a 5×5 convolution to five maps and a dense layer of 100)", size=28, layers=[
        "conv 5 5 2 1", "flatten", "dense 100"]),
    "fc": dict(title="fully connected, 784-64-2", size=28, layers=["flatten", "dense 64"]),
    "mlp": dict(title="fully connected, two non-linear layers of 32 and 16", size=None, layers=["dense 32", "dense 16"]),
}


class Quad(nn.Module):
    """a·x² + b·x + c per channel, blended in from ReLU (blend 0) to the pure quadratic (blend 1)."""

    RANGE = 6.0       # beyond it the penalty grows: encrypted values must stay where the parameters hold them
    SMALLEST_A = 0.02  # completing the square shifts by b/2a, so a must stay away from 0

    def __init__(self, channels, axes=2):
        super().__init__()
        # The least-squares parabola through ReLU on a unit normal is 0.1995·x² + 0.5·x + 0.1995.
        shape = (1, channels, *[1] * axes)
        self.a, self.b, self.c = (nn.Parameter(torch.full(shape, v)) for v in (0.1995, 0.5, 0.1995))
        self.blend, self.penalty = 1.0, 0.0
        self.range, self.strict = self.RANGE, False

    def fit(self, x):
        """That parabola for a normal as wide as the channel's values in `x`."""
        width = x.square().mean([k for k in range(x.dim()) if k != 1], keepdim=True).sqrt().clamp(min=1e-3)
        self.a.data, self.c.data = (0.1995 / width).clamp(min=self.SMALLEST_A), 0.1995 * width

    def forward(self, x):
        if self.training:
            # Strict: by each image's largest value, so that a single one weighs what all of them would.
            size = x.abs().flatten(1).amax(1) if self.strict else x.abs()
            self.excess = F.relu(size - self.range)
            self.penalty = self.excess.square().mean()
        quadratic = self.a * (x * x) + self.b * x + self.c
        return quadratic if self.blend == 1.0 else self.blend * quadratic + (1 - self.blend) * F.relu(x)


class Dense(nn.Linear):
    """Trained as a 1x1 convolution: where PyTorch has the reference BLAS, as Debian's has, that is five times faster."""

    def forward(self, x):
        if torch.onnx.is_in_onnx_export():
            return super().forward(x)
        return F.conv2d(x[:, :, None, None], self.weight[:, :, None, None], self.bias).flatten(1)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride, activate):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm, self.first_activation = nn.BatchNorm2d(outputs), activate(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm, self.second_activation = nn.BatchNorm2d(outputs), activate(outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = None if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.shortcut_norm = None if same else nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.first_activation(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return self.second_activation(y + (x if self.shortcut is None else self.shortcut_norm(self.shortcut(x))))


def build(network, activation, shape, classes):
    """`shape` is that of one image, channels first, or [features]."""
    drawn = {name: modules_of(name, activation, shape) for name in NETWORKS[network].get("drawn_with", [network])}
    modules, channels = drawn[network]
    return nn.Sequential(*modules, nn.Linear(channels, classes))


def modules_of(network, activation, shape):
    """All but the last linear layer, and how many numbers enter that."""
    activate = Quad if activation == "quad" else lambda *_: nn.ReLU()
    modules, (channels, *extents) = [], shape
    for layer in NETWORKS[network]["layers"]:
        kind, *numbers = layer.split()
        numbers = [int(n) for n in numbers]
        if kind == "conv":
            outputs, kernel, stride, padding = (numbers + [1, numbers[1] // 2][len(numbers) - 2:])[:4]
            modules += [nn.Conv2d(channels, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), activate(outputs)]
            extents = [(n + 2 * padding - kernel) // stride + 1 for n in extents]
        elif kind == "residual":
            outputs, stride = (numbers + [1])[:2]
            modules.append(Residual(channels, outputs, stride, activate))
            extents = [(n - 1) // stride + 1 for n in extents]
        elif kind == "dense":
            outputs = numbers[0]
            # Without a bias, needless as it is before the norm, PyTorch would export a MatMul by weights that are not the model's.
            modules += [Dense(channels, outputs), nn.BatchNorm1d(outputs), activate(outputs, 0)]
        elif kind == "pool":
            # count_include_pad=True would export a Pad node of zeros before the pooling.
            modules.append(nn.AvgPool2d(2, count_include_pad=False))
            outputs, extents = channels, [n // 2 for n in extents]
        else:
            if kind == "mean":
                modules.append(nn.AdaptiveAvgPool2d(1))
                extents = []
            modules.append(nn.Flatten())
            outputs, extents = channels * math.prod(extents), []
        channels = outputs
    return modules, channels


def quads_of(model):
    """In the order of the network's layers."""
    return [m for m in model.modules() if isinstance(m, Quad)]


def activations_of(model):
    return [m for m in model.modules() if isinstance(m, (Quad, nn.ReLU))]
