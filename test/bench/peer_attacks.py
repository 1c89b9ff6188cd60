"""The attacks of Foolbox, ART, torchattacks and CleverHans on digits-cnn or digits-robust.

Prints the versions of the tools. Then reads lines of JSON `{"tool", "attack", "way", "epsilon",
"samples", "threads", "seed"}`, where `way` counts the settings that a tool is tried with, and answers
each with a line of JSON `{"seconds", "processorSeconds", "settings", "results"}`, or `{"unavailable"}`
with the reason.
`results` has one number a sample: the size of the perturbation in the attack's norm, null where a fresh
forward pass on the returned input is still right, 0 where the model is wrong on the clean digit.
Arguments: folder of the model, folder of the data.
"""
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

MODEL, DATA = Path(sys.argv[1]), Path(sys.argv[2])


def read_weights():
    """The arrays of the saved model by name."""
    [group] = json.loads((MODEL / "model.json").read_text())["weightsManifest"]
    data = b"".join((MODEL / path).read_bytes() for path in group["paths"])
    arrays, start = {}, 0
    for entry in group["weights"]:
        size = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = torch.from_numpy(
            np.frombuffer(data, "<f4", size, start).reshape(entry["shape"]).copy())
        start += 4 * size
    return arrays


def build_network():
    """The saved model as a PyTorch user would have it: channels first, logits, no gradient by weights.

    digits-robust pads as TensorFlow does with "same": for these sizes one pixel on every side.
    """
    weights = read_weights()
    if MODEL.name == "digits-robust":
        network = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(1568, 100), nn.ReLU(), nn.Linear(100, 10))
        names = ["conv1", "conv2", "dense1", "probabilities"]
    else:
        network = nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(4608, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
            nn.Linear(64, 10))
        names = ["conv1", "conv2", "dense1", "dense2", "probabilities"]
    # The saved dense layer reads [height, width, channels], PyTorch flattens [channels, height, width].
    side, units = (7, 100) if MODEL.name == "digits-robust" else (12, 128)
    first_dense = weights["dense1/kernel"].reshape(side, side, 32, units).permute(3, 2, 0, 1)
    layers = [layer for layer in network if hasattr(layer, "weight")]
    for layer, name in zip(layers, names, strict=True):
        kernel = weights[f"{name}/kernel"]
        if name == "dense1":
            kernel = first_dense.reshape(units, -1)
        else:
            kernel = kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        layer.weight.data = kernel.contiguous()
        layer.bias.data = weights[f"{name}/bias"]
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()


def read_idx(name, header, shape):
    values = np.frombuffer((DATA / name).read_bytes(), np.uint8, offset=header)
    return torch.from_numpy(values.reshape(shape).copy())


network = build_network()
images = read_idx("t10k-images-idx3-ubyte", 16, (-1, 1, 28, 28)).float() / 255
labels = read_idx("t10k-labels-idx1-ubyte", 8, (-1,)).long()


# Each tool gives its ways to run an attack as pairs of settings and a function: first those that it
# has by default (where it has any), then those of a budget comparable with the other tools.


def foolbox(attack, x, y, epsilon):
    import foolbox as fb
    model = fb.PyTorchModel(network, bounds=(0, 1))

    def way(settings, method):
        return settings, lambda: method(model, x, y, epsilons=epsilon)[1]

    return {
        "fgsm": lambda: [way("one step", fb.attacks.LinfFastGradientAttack())],
        "pgd": lambda: [way("40 steps (default)", fb.attacks.LinfPGD())],
        # Its default of 9 x 10000 steps takes ten times longer still.
        "carlini-wagner": lambda: [
            way("9 x 1000 steps", fb.attacks.L2CarliniWagnerAttack(steps=1000))],
        "ddn": lambda: [way("100 steps (default)", fb.attacks.DDNAttack())],
        "fmn": lambda: [way("100 steps (default)", fb.attacks.LInfFMNAttack())],
    }.get(attack)


def art(attack, x, y, epsilon):
    from art.attacks.evasion import (
        AutoProjectedGradientDescent, CarliniL2Method, FastGradientMethod,
        ProjectedGradientDescentPyTorch)
    from art.estimators.classification import PyTorchClassifier
    classifier = PyTorchClassifier(
        network, loss=nn.CrossEntropyLoss(), input_shape=(1, 28, 28), nb_classes=10,
        clip_values=(0.0, 1.0), device_type="cpu")
    batch = len(x)

    def way(settings, method):
        return settings, lambda: torch.from_numpy(method.generate(x.numpy(), y.numpy()))

    def pgd(settings, steps, step_size, starts):
        return way(settings, ProjectedGradientDescentPyTorch(
            classifier, eps=epsilon, eps_step=step_size, max_iter=steps, num_random_init=starts,
            batch_size=batch, verbose=False))

    def carlini_wagner(settings, **options):
        return way(settings, CarliniL2Method(classifier, batch_size=batch, verbose=False, **options))

    return {
        "fgsm": lambda: [way("one step", FastGradientMethod(
            classifier, eps=epsilon, batch_size=batch))],
        "pgd": lambda: [
            pgd("100 steps of 0.1, no random start (default)", 100, 0.1, 0),
            pgd("40 steps, 1 random start", 40, epsilon / 10, 1)],
        "apgd": lambda: [way("100 steps, cross entropy, 1 start", AutoProjectedGradientDescent(
            classifier, eps=epsilon, eps_step=2 * epsilon, max_iter=100, nb_random_init=1,
            batch_size=batch, loss_type="cross_entropy", verbose=False))],
        "carlini-wagner": lambda: [
            carlini_wagner("10 x 10 steps (default)"),
            carlini_wagner("5 x 50 steps", binary_search_steps=5, max_iter=50)],
    }.get(attack)


def torch_attacks(attack, x, y, epsilon):
    import torchattacks
    # Most of these set PyTorch's seed anew, to one of their own.
    seed = torch.initial_seed()

    def way(settings, method):
        return settings, lambda: method(x, y)

    return {
        "fgsm": lambda: [way("one step", torchattacks.FGSM(network, eps=epsilon))],
        "pgd": lambda: [
            way("10 steps of 2/255 (default)", torchattacks.PGD(network, eps=epsilon)),
            way("40 steps", torchattacks.PGD(network, eps=epsilon, alpha=epsilon / 10, steps=40))],
        "apgd": lambda: [
            way("10 steps (default)", torchattacks.APGD(network, eps=epsilon, seed=seed)),
            way("100 steps", torchattacks.APGD(
                network, eps=epsilon, steps=100, seed=seed))],
        "autoattack": lambda: [
            # Its stages have 10 steps each; those of the paper have 100.
            way("standard (default)", torchattacks.AutoAttack(
                network, eps=epsilon, version="standard", n_classes=10, seed=seed)),
            way("stages of 100 steps", torchattacks.MultiAttack([
                torchattacks.APGD(network, eps=epsilon, steps=100, seed=seed),
                torchattacks.APGDT(network, eps=epsilon, steps=100, seed=seed, n_classes=10),
                torchattacks.FAB(
                    network, eps=epsilon, steps=100, seed=seed, multi_targeted=True,
                    n_classes=10),
                torchattacks.Square(network, eps=epsilon, n_queries=5000, seed=seed)]))],
        "carlini-wagner": lambda: [
            way("50 steps, c = 1 (default)", torchattacks.CW(network)),
            way("1000 steps, c = 1", torchattacks.CW(network, steps=1000))],
    }.get(attack)


def cleverhans(attack, x, y, epsilon):
    from cleverhans.torch.attacks.carlini_wagner_l2 import carlini_wagner_l2
    from cleverhans.torch.attacks.fast_gradient_method import fast_gradient_method
    from cleverhans.torch.attacks.projected_gradient_descent import projected_gradient_descent
    return {
        "fgsm": lambda: [("one step", lambda: fast_gradient_method(
            network, x, epsilon, np.inf, clip_min=0, clip_max=1, y=y))],
        "pgd": lambda: [("40 steps", lambda: projected_gradient_descent(
            network, x, epsilon, epsilon / 10, 40, np.inf, clip_min=0, clip_max=1, y=y))],
        "carlini-wagner": lambda: [
            ("5 x 1000 steps (default)", lambda: carlini_wagner_l2(network, x, 10, y=y)),
            ("5 x 200 steps", lambda: carlini_wagner_l2(
                network, x, 10, y=y, max_iterations=200))],
    }.get(attack)


tools = {"Foolbox": foolbox, "ART": art, "torchattacks": torch_attacks, "CleverHans": cleverhans}
l2_attacks = ["carlini-wagner", "ddn"]


def measure(tool, attack, way, epsilon, samples, threads, seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    torch.set_num_threads(threads)
    x, y = images[:samples], labels[:samples]
    try:
        ways = tools[tool](attack, x, y, epsilon)
    except ImportError as error:
        return {"unavailable": str(error)}
    made = [] if ways is None else ways()
    if way >= len(made):
        return {"unavailable": "no such attack, or no further settings"}
    settings, run = made[way]
    warm = x.clone().requires_grad_()
    network(warm).sum().backward()
    clock, processor = time.perf_counter(), time.process_time()
    adversaries = run().detach().float()
    seconds, processor = time.perf_counter() - clock, time.process_time() - processor
    with torch.no_grad():
        was_wrong = network(x).argmax(1) != y
        is_wrong = network(adversaries).argmax(1) != y
    order = 2 if attack in l2_attacks else np.inf
    sizes = torch.linalg.vector_norm((adversaries - x).flatten(1), ord=order, dim=1)
    results = [
        0.0 if before else float(size) if after else None
        for before, after, size in zip(was_wrong, is_wrong, sizes)]
    return {"seconds": seconds, "processorSeconds": processor, "settings": settings,
            "results": results}


# What the libraries print must not get among the answers.
answers, sys.stdout = sys.stdout, sys.stderr
versions = ", ".join(
    f"{name} {version(package)}" for name, package in [
        ("PyTorch", "torch"), ("Foolbox", "foolbox"), ("ART", "adversarial-robustness-toolbox"),
        ("torchattacks", "torchattacks"), ("CleverHans", "cleverhans")])
print(versions, file=answers, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(measure(**request)), file=answers, flush=True)
