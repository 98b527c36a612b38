"""Trains a network on scikit-learn's digits, as a program for `automl tune`.

It trains to --epochs, goes on from what lies in --checkpoint, and prints one JSON line after each
epoch. Run it in a study of ASHA (needs scikit-learn):

    automl tune --space examples/tune/digits.toml --maximize accuracy --trials 40 --workers 2 -- \
        python examples/tune/digits.py {params} --epochs {epochs} --checkpoint {checkpoint}
"""

import argparse
import json
import os
import pickle
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier


def load(folder):
    """The epoch and the model of a checkpoint; nothing in an empty folder."""
    path = os.path.join(folder, "model.pkl") if folder else ""
    if not os.path.exists(path):
        return 0, None
    with open(path, "rb") as file:
        return pickle.load(file)


def save(folder, epoch, model):
    """Written beside and renamed, so that a checkpoint is whole whenever the program ends."""
    path = os.path.join(folder, "model.pkl")
    with open(path + ".part", "wb") as file:
        pickle.dump((epoch, model), file)
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--checkpoint")
    args = parser.parse_args()

    warnings.filterwarnings("ignore")
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order] / 16, labels[order]
    split = len(images) * 2 // 3
    train, held_out = slice(None, split), slice(split, None)

    start, model = load(args.checkpoint)
    if model is None:
        model = MLPClassifier((args.width,), learning_rate_init=args.lr, alpha=args.alpha,
                              batch_size=args.batch, random_state=0)

    def report(epoch):
        accuracy = model.score(images[held_out], labels[held_out])
        print(json.dumps({"epochs": epoch, "accuracy": accuracy}), flush=True)

    for epoch in range(start + 1, args.epochs + 1):
        model.partial_fit(images[train], labels[train], classes=np.arange(10))
        if args.checkpoint:
            save(args.checkpoint, epoch, model)
        report(epoch)
    if start >= args.epochs:
        report(start)


if __name__ == "__main__":
    main()
