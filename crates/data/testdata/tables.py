"""Writes hub.parquet, medical.npz, shapes.npz and pair.npz: small data sets as pyarrow and NumPy write them (needs Pillow)."""
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def png(value):
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 255 - value)).save(file, "PNG")
    return file.getvalue()


# Labels are places in the list of names, which the Hub keeps in the schema.
labels = [1, 0, 1, 2, 0, 2]
images = [{"bytes": png(40 * i), "path": f"{i}.png"} for i in range(6)]
images[4]["bytes"] = images[4]["bytes"][:50]  # damaged
kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog", "emu"], "_type": "ClassLabel"}}
table = pa.table({"image": pa.array(images, kind), "label": pa.array(labels, pa.int64())})
table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
pq.write_table(table, "hub.parquet", compression="snappy")

x = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
np.savez_compressed(
    "medical.npz",
    train_images=x, train_labels=np.array([[0], [10], [2], [0]], np.int16),
    val_images=x[:2], val_labels=np.array([[2], [10]], np.int16),
    test_images=x[2:], test_labels=np.array([[0], [2]], np.int16),
)

# Names of no convention, 16-bit grey images that are not square, labels as floats.
np.savez_compressed(
    "shapes.npz",
    trainPics=np.arange(6 * 8 * 12, dtype=np.uint16).reshape(6, 8, 12) * 113,
    trainKinds=np.array([0.0, 1.0, 2.0, 0.0, 1.0, 2.0]),
    testPics=np.full((2, 8, 12), 65535, dtype=np.uint16),
    testKinds=np.array([0.0, 2.0]),
)
np.savez_compressed("pair.npz", x=x, y=np.array(["cat", "dog", "cat", "dog"]))
