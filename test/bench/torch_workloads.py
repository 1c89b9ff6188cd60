"""The workloads of engine.ts in PyTorch, eager, for comparison.

Reads lines `workload batch threads repetitions` and answers each with the median time on the clock
and of the processor in milliseconds. The networks are those of test/engine/compile/networks.ts.
"""
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def keras_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10))


def le_net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84),
        nn.ReLU(), nn.Linear(84, 10))


def mobile_net():
    def normalised(channels):
        return [nn.BatchNorm2d(channels, eps=1e-3), nn.ReLU6()]

    layers = [nn.Conv2d(3, 16, 3, 2, 1, bias=False), *normalised(16)]
    channels = 16
    for filters, stride in [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1)]:
        layers += [nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
                   *normalised(channels), nn.Conv2d(channels, filters, 1, bias=False),
                   *normalised(filters)]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def input_gradient(model, shape, batch):
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    x = torch.rand(batch, *shape, requires_grad=True)
    labels = torch.arange(batch) % 10

    def run():
        x.grad = None
        F.cross_entropy(model(x), labels, reduction="sum").backward()
    return run


def carlini_wagner(batch):
    model = keras_cnn().eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    original = torch.rand(batch, 1, 28, 28) * 0.9 + 0.05
    w = torch.atanh(2 * original - 1).requires_grad_(True)
    optimiser = torch.optim.Adam([w], lr=0.01)
    labels = F.one_hot(torch.arange(batch) % 10, 10).float()

    def run():
        optimiser.zero_grad()
        adversary = (torch.tanh(w) + 1) / 2
        logits = model(adversary)
        own = (logits * labels).sum(1)
        other = (logits - 1e4 * labels).max(1).values
        distance = ((adversary - original) ** 2).sum((1, 2, 3))
        (distance + F.relu(own - other)).sum().backward()
        optimiser.step()
    return run


def wgan(batch):
    critic = nn.Sequential(
        nn.Conv2d(1, 64, 5, 2, 2), nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 5, 2, 2),
        nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(6272, 1))
    real, fake, mix = torch.rand(batch, 1, 28, 28), torch.rand(batch, 1, 28, 28), torch.rand(batch, 1, 1, 1)
    parameters = list(critic.parameters())

    def run():
        between = (mix * real + (1 - mix) * fake).requires_grad_(True)
        slope, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        norm = (slope.flatten(1) ** 2).sum(1).add(1e-12).sqrt()
        loss = critic(fake).mean() - critic(real).mean() + 10 * ((norm - 1) ** 2).mean()
        torch.autograd.grad(loss, parameters)
    return run


def manifold_networks():
    """The networks of src/manifold/image-networks.ts for digits."""
    def encoder(outputs):
        return nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1),
            nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(1568, outputs))

    generator = nn.Sequential(
        nn.Linear(64, 1568), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1),
        nn.Sigmoid())
    return generator, encoder(1), encoder(64)


def manifold_critic(batch):
    generator, critic, _ = manifold_networks()
    optimiser = torch.optim.Adam(critic.parameters(), 1e-3, betas=(0.5, 0.9))
    real, latent, mix = torch.rand(batch, 1, 28, 28), torch.randn(batch, 64), torch.rand(batch, 1, 1, 1)

    def run():
        with torch.no_grad():
            fake = generator(latent)
        between = (mix * real + (1 - mix) * fake).requires_grad_(True)
        slope, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        norm = (slope.flatten(1) ** 2).sum(1).add(1e-12).sqrt()
        loss = critic(fake).mean() - critic(real).mean() + 10 * ((norm - 1) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return run


def manifold_generator(batch):
    generator, critic, inverter = manifold_networks()
    critic.requires_grad_(False)
    optimisers = [
        torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.5, 0.9)),
        torch.optim.Adam(inverter.parameters(), 1e-3)]
    real, shown = torch.rand(batch, 1, 28, 28), torch.rand(batch, 1, 28, 28)
    latent = torch.randn(batch, 64)

    def run():
        fake = generator(latent)
        squares = ((generator(inverter(shown)) - real) ** 2).sum((1, 2, 3)).mean()
        recovered = ((inverter(fake.detach()) - latent) ** 2).sum(1).mean()
        for optimiser in optimisers:
            optimiser.zero_grad()
        (squares + 0.1 * recovered - critic(fake).mean()).backward()
        for optimiser in optimisers:
            optimiser.step()
    return run


def dropout_passes(batch):
    model = keras_cnn().eval()
    x, masks = torch.rand(batch, 1, 28, 28), torch.rand(100, batch, 128)

    def run():
        with torch.no_grad():
            features = model[:8](x)
            torch.softmax(model[8](features * masks), -1)
    return run


def matrix_product(batch):
    a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
    return lambda: a @ b


def convolution(which):
    def make(batch):
        x = torch.rand(batch, 32, 28, 28, requires_grad=which == "input")
        weight = torch.rand(64, 32, 3, 3, requires_grad=which == "filter")
        if which == "forward":
            return lambda: F.conv2d(x, weight, padding=1)
        dy = torch.rand(batch, 64, 28, 28)
        mask = [which == "input", which == "filter", False]
        return lambda: torch.ops.aten.convolution_backward(
            dy, x.detach(), weight.detach(), None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, mask)
    return make


WORKLOADS = {
    "matMul 1024": matrix_product,
    "conv2d": convolution("forward"),
    "conv2d, input gradient": convolution("input"),
    "conv2d, filter gradient": convolution("filter"),
    "Keras CNN": lambda batch: input_gradient(keras_cnn(), (1, 28, 28), batch),
    "LeNet": lambda batch: input_gradient(le_net(), (1, 28, 28), batch),
    "MobileNet-like 96x96": lambda batch: input_gradient(mobile_net(), (3, 96, 96), batch),
    "C&W step": carlini_wagner,
    "WGAN-GP critic step": wgan,
    "100 dropout passes": dropout_passes,
    "manifold, critic": manifold_critic,
    "manifold, generator and inverter": manifold_generator,
}

print(torch.__version__, flush=True)
current = (None, None)
for line in sys.stdin:
    name, batch, threads, repetitions = line.rstrip("\n").split("\t")
    torch.set_num_threads(int(threads))
    if current[0] != (name, batch):
        current = ((name, batch), WORKLOADS[name](int(batch)))
        current[1]()
        current[1]()
    clock, processor = [], []
    for _ in range(int(repetitions)):
        began, processor_began = time.perf_counter(), time.process_time()
        current[1]()
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - processor_began)
    print(1e3 * statistics.median(clock), 1e3 * statistics.median(processor), flush=True)
