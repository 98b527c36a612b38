"""Writes forms of images that the Rust encoders do not write (needs Pillow): CMYK, palettes, animation."""
from PIL import Image

RED = (200, 40, 40)
red = Image.new("RGB", (16, 16), RED)
red.convert("CMYK").save("cmyk.jpg", quality=95)
red.save("progressive.jpg", quality=95, progressive=True, subsampling=2)
half = red.convert("RGBA")
half.paste((0, 255, 0, 0), (8, 0, 16, 16))  # green where nothing is to be seen
half.quantize(4, method=Image.Quantize.FASTOCTREE).save("palette.png")
half.save("lossy.webp", quality=90)
red.save("animated.gif", save_all=True, append_images=[Image.new("RGB", (16, 16), (0, 0, 255))])
red.save("animated.webp", save_all=True, append_images=[Image.new("RGB", (16, 16), (0, 0, 255))], quality=95)
Image.new("I;16", (16, 16), 40 * 257).save("deep.png")
red.save("lzw.tif", compression="tiff_lzw")
red.save("rle.bmp")
red.save("big.tif", big_tiff=True)
flat = red.copy()
flat.paste((255, 255, 255), (8, 0, 16, 16))
flat.quantize(4, method=Image.Quantize.FASTOCTREE).save("palette.tif")
grey = Image.new("LA", (16, 16), (40, 255))
grey.paste((40, 0), (8, 0, 16, 16))
grey.save("grey_alpha.tif")
tag = Image.Exif()
tag[0x0112] = 6
picture = Image.new("RGB", (16, 16), RED)
picture.paste((0, 0, 255), (0, 0, 16, 8))  # blue above, red below; a viewer turns it clockwise
for name in ("turned.jpg", "turned.png", "turned.webp", "turned.tif"):
    picture.save(name, exif=tag, **({"lossless": True} if name.endswith("webp") else {"quality": 95} if name.endswith("jpg") else {}))
