"""Training speed of PyTorch on the CPU for the networks of the Rust example `throughput`.

usage: torch_throughput.py [--steps N] [--workers N]     (workers = threads)
"""
import sys
import time

import torch
from torch import nn


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def conv(i, o, k=3, s=1, groups=1, act=True):
    layers = [nn.Conv2d(i, o, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
    return layers + ([nn.ReLU(inplace=True)] if act else [])


class Inverted(nn.Module):
    def __init__(self, i, o, t, s):
        super().__init__()
        self.body = nn.Sequential(*conv(i, i * t, 1), *conv(i * t, i * t, 3, s, i * t), *conv(i * t, o, 1, act=False))
        self.skip = s == 1 and i == o

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


def head(layers, channels):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


NETS = {
    "plain": lambda: head(conv(1, 32) + conv(32, 32) + conv(32, 64, s=2) + conv(64, 64) + conv(64, 64, s=2), 64),
    "inverted-residual": lambda: head(
        conv(1, 16) + [Inverted(16, 24, 3, 2), Inverted(24, 24, 3, 1), Inverted(24, 40, 3, 2), Inverted(40, 40, 3, 1), Inverted(40, 64, 3, 1)]
        + conv(64, 128, 1), 128),
}

steps, workers = option("--steps", 20), option("--workers", 1)
torch.set_num_threads(workers)
batch = 128
for name, make in NETS.items():
    torch.manual_seed(0)
    net = make().train()
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    x, y = torch.randn(batch, 1, 28, 28), torch.arange(batch) % 10

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
    print(f"torch  {name:<18} {params:>7} parameters  {workers} threads  {images / wall:>7.1f} images/s  {images / cpu:>7.1f} per CPU-second")
