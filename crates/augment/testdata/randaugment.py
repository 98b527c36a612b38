"""Writes randaugment.json.gz: the operations of RandAugment by Pillow, on a few small pictures.

usage: python randaugment.py     (pillow)

Pictures and results are bytes [channels, side, side] in hexadecimal. A case is an operation at a
magnitude from -30 to 30, whose sign is the direction.
"""
import gzip
import json
import math
import os
import random

import PIL
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

MAGNITUDES = [0, 2, -9, 9, 17, -30, 30]


def digit(side):
    """A five, drawn large and made small, so that its edges are grey."""
    large = Image.new("L", (8 * side, 8 * side))
    unit = large.width / 14
    points = [(9, 3), (5, 3), (4.6, 6.6), (7, 6), (9, 7.4), (9, 9.4), (7, 11), (4.5, 10.2)]
    ImageDraw.Draw(large).line([(unit * x, unit * y) for x, y in points], 230, int(unit * 1.3), "curve")
    return large.resize((side, side), Image.Resampling.BOX)


def noise(mode, side, low, high, seed):
    rng = random.Random(seed)
    count = side * side * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (side, side), bytes(rng.randint(low, high) for _ in range(count)))


def scene(side):
    """Smooth colours with a disc on them."""
    image = Image.new("RGB", (side, side))
    for y in range(side):
        for x in range(side):
            wave = 100 + 90 * math.sin(0.5 * x + 0.2 * y)
            image.putpixel((x, y), (int(wave), 40 + 11 * y, 220 - 9 * x))
    ImageDraw.Draw(image).ellipse([4, 5, 12, 13], (250, 180, 20))
    return image


def fill(image):
    return (128,) * 3 if image.mode == "RGB" else 128


def affine(image, *matrix):
    return image.transform(
        image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=fill(image))


def rotate(image, degrees):
    return image.rotate(degrees, Image.Resampling.NEAREST, fillcolor=fill(image))


def shift(image, strength):
    return 150.0 / 331.0 * strength * image.width


PLAIN = {
    "Identity": lambda image, s: image.copy(),
    "AutoContrast": lambda image, s: ImageOps.autocontrast(image),
    "Equalize": lambda image, s: ImageOps.equalize(image),
    "Solarize": lambda image, s: ImageOps.solarize(image, 256.0 * (1.0 - s)),
    "Posterize": lambda image, s: ImageOps.posterize(image, 8 - round(4 * s)),
}
SIGNED = {
    "Rotate": lambda image, s: rotate(image, 30.0 * s),
    "Color": lambda image, s: ImageEnhance.Color(image).enhance(1.0 + 0.9 * s),
    "Contrast": lambda image, s: ImageEnhance.Contrast(image).enhance(1.0 + 0.9 * s),
    "Brightness": lambda image, s: ImageEnhance.Brightness(image).enhance(1.0 + 0.9 * s),
    "Sharpness": lambda image, s: ImageEnhance.Sharpness(image).enhance(1.0 + 0.9 * s),
    "ShearX": lambda image, s: affine(image, 1, 0.3 * s, 0, 0, 1, 0),
    "ShearY": lambda image, s: affine(image, 1, 0, 0, 0.3 * s, 1, 0),
    "TranslateX": lambda image, s: affine(image, 1, 0, shift(image, s), 0, 1, 0),
    "TranslateY": lambda image, s: affine(image, 1, 0, 0, 0, 1, shift(image, s)),
}


def planes(image):
    return b"".join(channel.tobytes() for channel in image.split()).hex()


pictures = {
    "digit": digit(28),
    "scene": scene(20),
    "dull noise": noise("L", 17, 90, 160, 1),
    "colour noise": noise("RGB", 19, 0, 255, 2),
    "one colour": Image.new("RGB", (5, 5), (10, 200, 77)),
    "tiny": noise("L", 2, 0, 255, 3),
}
document = {"pillow": PIL.__version__, "pictures": []}
for name, image in pictures.items():
    cases = []
    for table in (PLAIN, SIGNED):
        for operation, apply in table.items():
            for magnitude in MAGNITUDES:
                if table is SIGNED or magnitude >= 0:
                    result = planes(apply(image, magnitude / 30))
                    cases.append({"operation": operation, "magnitude": magnitude, "result": result})
    document["pictures"].append({
        "name": name, "side": image.width, "pixels": planes(image), "cases": cases})

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "randaugment.json.gz")
with open(path, "wb") as file:
    with gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(json.dumps(document).encode())
