"""How each network is trained: numbers only."""

# `threshold` names what the decision threshold maximises on validation. `balance` weighs the classes of
# the loss equally. `ema_epochs` is the horizon of the weight average that is evaluated and shipped.
COMMON = dict(batch=64, lr=4e-3, weight_decay=1e-2, label_smoothing=0.05, shift=2, flip=True, rotate=0.0, zoom=0.0,
              contrast=0.0, penalty=0.1, balance=False, ema_epochs=2.0, threshold="accuracy")

# A ReLU network first, then `fine_tuning` from its weights: the quadratics are blended in one after another over the first `stages`
# of the epochs; `distil` weighs the distance from the ReLU network's answers, softened by `temperature`; the penalty goes by each
# image's largest value beyond `range`, and by logits beyond `logit_range`; `strange` weighs the same on images that are none.
STAGED = dict(COMMON, method="staged", fine_tuning=dict(
    epochs=20, lr=2e-3, stages=0.5, distil=1.0, temperature=2.0, penalty=0.02, range=6.0, logit_range=8.0))


def staged(fine_tuning=None, **changes):
    return dict(STAGED, **changes, fine_tuning={**STAGED["fine_tuning"], **(fine_tuning or {})})


# Deep quadratic networks send a single unusual image to 10^6 and beyond, where an encrypted one is refused.
BOUNDED = dict(strange=0.05, distil=3.0)

RECIPES = {
    ("breastmnist", "rl3"): dict(COMMON, epochs=240),
    ("pneumoniamnist", "rl3"): dict(COMMON, epochs=30, threshold="balanced"),
    ("phantom", "rl3"): dict(COMMON, epochs=20),
    ("phantom", "rl1"): dict(COMMON, epochs=20, lr=0.05),  # so few weights bear, and need, larger steps
    ("mnist", "lola"): staged(dict(epochs=10), epochs=8, batch=128, flip=False, rotate=10.0, zoom=0.1, label_smoothing=0.02),
    ("breastmnist", "rl6"): staged(dict(BOUNDED, epochs=60), epochs=120, batch=32, shift=4, rotate=10.0, zoom=0.1, contrast=0.1),
    ("pneumoniamnist", "rl6"): staged(dict(BOUNDED, epochs=10), epochs=8, shift=4, rotate=5.0, zoom=0.05, contrast=0.1, threshold="balanced"),
    ("pneumoniamnist", "resnet8"): staged(dict(BOUNDED, epochs=10), epochs=8, rotate=5.0, zoom=0.05, contrast=0.1, threshold="balanced"),
    ("pneumoniamnist", "vgg"): staged(dict(BOUNDED, epochs=12), epochs=9, rotate=5.0, zoom=0.05, contrast=0.1, threshold="balanced"),
    ("breastmnist", "fc"): staged(dict(epochs=60), epochs=100, lr=2e-3, weight_decay=0.1),
    ("pneumoniamnist", "fc"): staged(dict(epochs=20), epochs=20, lr=2e-3, weight_decay=0.1, threshold="balanced"),
    ("wdbc", "mlp"): staged(dict(epochs=100), epochs=100, batch=32, noise=0.1, stretch=2.0),
}
# For data of one's own, and for pairs that are not listed. Not mirrored: left and right may matter.
DEFAULT = staged(dict(BOUNDED, epochs=40), epochs=40, flip=False)


def recipe_of(dataset, network):
    return RECIPES.get((dataset, network), DEFAULT)


def networks_for(dataset):
    return [network for name, network in RECIPES if name == dataset]
