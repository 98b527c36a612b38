"""Training speed of PyTorch on the CPU for the networks of the Rust example `throughput`.

usage: torch_throughput.py [--steps N] [--workers N] [--net NAME]     (workers = threads)
"""
import sys
import time

import torch
from torch import nn


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def conv(i, o, k=3, s=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(i, o, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
    return layers + ([act(inplace=True)] if act else [])


class Excite(nn.Module):
    def __init__(self, channels, squeeze):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, channels, 1)

    def forward(self, x):
        inner = nn.functional.relu(self.reduce(nn.functional.adaptive_avg_pool2d(x, 1)), inplace=True)
        return x * nn.functional.hardsigmoid(self.expand(inner))


class Inverted(nn.Module):
    def __init__(self, i, o, t, s, k=3, act=nn.ReLU, excite=0):
        super().__init__()
        expand = conv(i, i * t, 1, act=act) if t > 1 else []
        if excite:
            spatial = conv(i * t, i * t, k, s, i * t, act=None) + [Excite(i * t, excite), act(inplace=True)]
        else:
            spatial = conv(i * t, i * t, k, s, i * t, act=act)
        self.body = nn.Sequential(*expand, *spatial, *conv(i * t, o, 1, act=None))
        self.skip = s == 1 and i == o

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


def head(layers, channels):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def mobilenet(inputs):
    layers, channels = conv(inputs, 16, act=nn.ReLU6), 16
    for t, c, n, s in [(1, 8, 1, 1), (6, 16, 2, 1), (6, 16, 3, 2), (6, 32, 4, 2), (6, 48, 3, 1), (6, 80, 3, 2), (6, 160, 1, 1)]:
        for index in range(n):
            layers.append(Inverted(channels, c, t, s if index == 0 else 1, act=nn.ReLU6))
            channels = c
    return head(layers + conv(160, 1280, 1, act=nn.ReLU6), 1280)


def excited(inputs):
    h = nn.Hardswish
    blocks = [(16, 24, 2, 3, 16), (24, 24, 1, 3, 24), (24, 40, 2, 5, 24), (40, 40, 1, 5, 32)]
    return head(conv(inputs, 16, act=h) + [Inverted(i, o, 3, s, k, h, e) for i, o, s, k, e in blocks], 40)


NETS = {
    "plain": lambda i: head(conv(i, 32) + conv(32, 32) + conv(32, 64, s=2) + conv(64, 64) + conv(64, 64, s=2), 64),
    "inverted-residual": lambda i: head(
        conv(i, 16) + [Inverted(16, 24, 3, 2), Inverted(24, 24, 3, 1), Inverted(24, 40, 3, 2), Inverted(40, 40, 3, 1), Inverted(40, 64, 3, 1)]
        + conv(64, 128, 1), 128),
    "mobilenet-v2-x0.5": mobilenet,
    "squeeze-excite": excited,
}

steps, workers, only = option("--steps", 20), option("--workers", 1), option("--net", "")
torch.set_num_threads(workers)
batch = 128
for (channels, side), name in [(i, n) for i in [(1, 28), (3, 32)] for n in NETS if only in ("", n)]:
    torch.manual_seed(0)
    net = NETS[name](channels).train()
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    x, y = torch.randn(batch, channels, side, side), torch.arange(batch) % 10

    def run(n):
        for _ in range(n):
            opt.zero_grad(set_to_none=True)
            loss_of(net(x), y).backward()
            opt.step()

    run(3)
    wall, cpu = time.perf_counter(), time.process_time()
    run(steps)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    params = sum(p.numel() for p in net.parameters())
    images = steps * batch
    print(f"torch  {name:<18} {side} px  {params:>7} parameters  {workers} threads  {images / wall:>7.1f} images/s  {images / cpu:>7.1f} per CPU-second", flush=True)
