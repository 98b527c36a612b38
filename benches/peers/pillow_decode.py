"""Decodes the JPEGs of a folder by Pillow's draft mode in two processes: prints the seconds.

usage: python pillow_decode.py FOLDER SIDE PROCESSES      (pillow)

Each image is opened, drafted to the smallest size of at least SIDE (the DCT at reduced size), converted to
RGB, turned upright and resized to SIDE x SIDE by area: what `automl` does with a folder of photographs.
"""

import pathlib
import sys
import time
from multiprocessing import Pool

from PIL import Image, ImageOps

folder, side, processes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def read(path):
    with Image.open(path) as image:
        image.draft("RGB", (side, side))
        return ImageOps.exif_transpose(image.convert("RGB")).resize((side, side), Image.Resampling.BOX).tobytes()


if __name__ == "__main__":
    paths = sorted(folder.rglob("*.jpg"))
    start = time.perf_counter()
    with Pool(processes) as pool:
        total = sum(len(pixels) for pixels in pool.imap(read, paths, chunksize=8))
    print(f"{len(paths)} images, {total} bytes, {time.perf_counter() - start:.2f} s")
