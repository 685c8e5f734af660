"""Pictures that are none, lie, or are bombs, and recipes that anybody may have written."""

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image, PngImagePlugin

from benchmarks.faults.kinds.damaged import STRANGE, places
from benchmarks.faults.trial import DIFFERS, FINE, QUIET, REFUSED, Ended, Trial, control_characters, kind

POSTSCRIPT = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 64 64
(photo.png) deletefile
(made.txt) (w) file dup (made) writestring closefile
0 0 64 64 rectfill showpage
"""
GREY = bytes(20 * (1 + 24 * 3))  # the data of 24 x 20 pixels
PNG = b"\x89PNG\r\n\x1a\n"
FORMATS = {
    "PNG": "png", "JPEG": "jpg", "TIFF": "tif", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "PPM": "ppm",
}  # fmt: skip


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *chunks: bytes, data: bytes = b"") -> bytes:
    """A PNG that claims a size, with what it likes to hold."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG + header + b"".join(chunks) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def good(form: str) -> bytes:
    """A good picture of a format."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((24, 20)).convert("RGB").save(file, form)
    return file.getvalue()


def text_bomb(name: bytes, before: bytes) -> bytes:
    return chunk(name, b"bigart\0" + before + zlib.compress(bytes(100_000_000), 9))


FILES: dict[str, bytes | Callable[[Path], object]] = {
    "PostScript called .png": POSTSCRIPT,
    "PostScript called .eps": POSTSCRIPT,
    "PostScript called .jpg, after a blank": b"\xc5\xd0\xd3\xc6" + POSTSCRIPT,
    "a PDF": b"%PDF-1.4\n1 0 obj <<>> endobj\n",
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
    "an empty device": lambda path: path.symlink_to("/dev/null"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "no file": lambda path: None,
    "empty": b"",
    "HTML": b"<!DOCTYPE html><html><body>404</body></html>",
    "text": b"not a picture at all\n" * 100,
    "zeros": bytes(100_000),
    "a PNG that claims 100,000 x 100,000": png(100_000, 100_000),
    "a PNG that claims 1 x 100,000,000": png(1, 100_000_000),
    "a PNG that claims 100,000,000 x 1": png(100_000_000, 1),
    "a PNG that claims 16384 x 16384": png(16384, 16384),
    "a PNG that claims 2,147,483,647 squared": png(2**31 - 1, 2**31 - 1),
    "a PNG of no width": png(0, 10),
    "a PNG with 100 MB of zeros for 9000 x 9000": png(9000, 9000, data=bytes(100_000_000)),
    "a PNG with a zTXt bomb": png(24, 20, text_bomb(b"zTXt", b"\0"), data=GREY),
    "a PNG with an iTXt bomb": png(24, 20, text_bomb(b"iTXt", b"\1\0\0\0"), data=GREY),
    "a PNG with 40 zTXt bombs": png(24, 20, *40 * [text_bomb(b"zTXt", b"\0")], data=GREY),
    "a PNG with 20 MB of text": png(24, 20, chunk(b"tEXt", b"bigart\0" + b"x" * 20_000_000), data=GREY),
    "a PNG with an iCCP bomb": png(24, 20, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8))), data=GREY),
    "a PNG with broken zlib": png(24, 20).replace(b"IDAT", b"IDAT\xff\xff"),
    "a PNG without data": png(9, 9)[:33] + chunk(b"IEND", b""),
    "a PNG whose chunk claims 4 GB": PNG + struct.pack(">I", 2**32 - 1) + b"IHDR",
    "a GIF that claims 65535 x 65535": good("GIF")[:6] + b"\xff\xff\xff\xff" + good("GIF")[10:],
    "a BMP of 2,000,000,000 rows": good("BMP")[:22] + struct.pack("<i", 2 * 10**9) + good("BMP")[26:],
    "a PPM that claims 99999 x 99999": b"P6\n99999 99999\n255\n" + bytes(1000),
    "a TIFF that points to itself": b"II*\0\x08\0\0\0\1\0\0\1\4\0\1\0\0\0\1\0\0\0\x08\0\0\0",
    **{f"a {form} cut in the middle": good(form)[: len(good(form)) // 2] for form in FORMATS},
    **{f"a {form} of its first 20 bytes": good(form)[:20] for form in FORMATS},
}


def put(trial: Trial, name: str, content: bytes | Callable[[Path], object]) -> str:
    """Put a file into a folder of the trial's, where a picture may be looked for beside it."""
    place = trial.aside / "given"
    place.mkdir(parents=True, exist_ok=True)
    path = place / name
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    return str(path)


def use(trial: Trial, command: str, path: str) -> Ended:
    ended = trial.run(command, path, *([] if command == "info" else QUIET), limit=40)
    trial.ends_clearly(ended)
    if ended.code == REFUSED:
        trial.expect(not trial.pictures.exists() or not [*trial.pictures.iterdir()], "a folder was left")
    return ended


COMMANDS = ("info", "enlarge", "redo")


@kind("hostile pictures for info, enlarge and redo", 3 * len(FILES))
def _(trial: Trial) -> None:
    trial.about, content = [*FILES.items()][trial.number // 3]
    command = COMMANDS[trial.number % 3]
    ending = trial.about.rpartition("called ")[2][:4] if "called" in trial.about else ".png"
    path = put(trial, f"a picture{ending}", content)
    trial.about += f", {command}"
    use(trial, command, path)


@kind("good pictures with bytes flipped, cut or doubled", 60)
def _(trial: Trial) -> None:
    form = [*FORMATS][trial.number % len(FORMATS)]
    data = bytearray(good(form))
    for _ in range(trial.draw.randint(1, 8)):
        place = trial.draw.randrange(len(data))
        change = trial.draw.choice(("flip", "flip", "cut", "double"))
        if change == "flip":
            data[place] = trial.draw.randrange(256)
        elif change == "cut":
            del data[place : place + trial.draw.randint(1, 9)]
        else:
            data[place:place] = data[place : place + 50]
    command = ("enlarge", "info")[trial.number // len(FORMATS) % 2]
    trial.about = f"{form}, {command}"
    use(trial, command, put(trial, f"a picture.{FORMATS[form]}", bytes(data)))


# ---------------------------------------------------------------------------------------------- recipes


def of_recipe(trial: Trial) -> dict:
    """The recipe of a real picture."""
    with Image.open(trial.undisturbed("prompt").folder / "candidate-2" / "1024_textured.png") as image:
        return json.loads(image.text["bigart"])


def with_recipe(text: str) -> bytes:
    """A small picture that says so of itself."""
    information, file = PngImagePlugin.PngInfo(), io.BytesIO()
    information.add_itxt("bigart", text) if not text.isascii() else information.add_text("bigart", text)
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=information)
    return file.getvalue()


EVIL = "a lake\npixels: as made\r\x1b[2J\x1b]0;title\x07\u202egnp.\u2066\u2028\x00\x9b31m\ud800"
NO_PROMPT = {"prompt": None, "index": None}


def generate(**changes: object) -> Callable[[dict], object]:
    return lambda recipe: {**recipe, "generate": {**recipe["generate"], **changes}}


RECIPES: dict[str, Callable[[dict], object]] = {
    "a million brackets": lambda recipe: "[" * 1_000_000,
    "a million braces": lambda recipe: '{"a":' * 190_000,
    "10**400": lambda recipe: "1" + "0" * 400,
    "a seed of 10**400": generate(seed=10**400),
    "NaN": lambda recipe: json.dumps({**recipe, "index": float("nan")}),
    "an index of text": lambda recipe: {**recipe, "index": "x"},
    "an index of 10**9": lambda recipe: {**recipe, "index": 10**9},
    "generate of nothing": lambda recipe: {**recipe, "generate": {}},
    "generate of a list": lambda recipe: {**recipe, "generate": [1]},
    "paint of nothing": lambda recipe: {**recipe, "paint": {}},
    "steps of 10**9": generate(steps=10**9),
    "a count of 10**9": generate(count=10**9),
    "a size of 10**9": lambda recipe: {**recipe, "paint": {**recipe["paint"], "size": 10**9}},
    "a schedule of a million": lambda recipe: {**recipe, "sampling": {"base": [1] * 300_000}},
    "a schedule of texts": lambda recipe: {**recipe, "sampling": dict.fromkeys(recipe["sampling"], ["x"])},
    "a prompt that moves the cursor": lambda recipe: {**recipe, "prompt": EVIL},
    "texts that move the cursor everywhere": lambda recipe: {
        **recipe, "prompt": EVIL, "models": EVIL, "stage": EVIL, "machine": {EVIL: EVIL}, EVIL: 1,
        "networks": {EVIL: EVIL}, "sampling": {EVIL: [EVIL]}, "source": EVIL,
    },
    "a sampler that moves the cursor": generate(sampler=EVIL),
    "a prompt of a megabyte": lambda recipe: {**recipe, "prompt": "x " * 400_000},
    "an empty prompt": lambda recipe: {**recipe, "prompt": " "},
    "models of another set": lambda recipe: {**recipe, "models": "published+nothing"},
    "models of a path": lambda recipe: {**recipe, "models": "../../../etc/passwd"},
    "a source elsewhere": lambda recipe: {**recipe, **NO_PROMPT, "source": "../../photo.png"},
    "a source that is a device": lambda recipe: {**recipe, **NO_PROMPT, "source": "/dev/zero"},
    "a precision that is a number": lambda recipe: {**recipe, "machine": {"precision": 2}},
    "threads that are a text": lambda recipe: {**recipe, "machine": {"threads": "many"}},
    "a newer version": lambda recipe: {**recipe, "tomorrow": {"a": 1}},
    "a list": lambda recipe: [recipe],
    "null": lambda recipe: "null",
    "nothing": lambda recipe: "",
    "a cut one": lambda recipe: json.dumps(recipe)[:-20],
    "not JSON": lambda recipe: "{'a': 1}",
    "two of each name": lambda recipe: json.dumps(recipe)[:-1] + ', "models": 1}',
}  # fmt: skip


def is_safe(trial: Trial, ended: Ended) -> None:
    """Check that nothing of a stranger's reaches the terminal raw, and no line is forged."""
    found = control_characters(ended.out + ended.err)
    trial.expect(not found, f"raw control characters: {found[:5]}")
    forged = [line for line in ended.out.splitlines() if line == "pixels: as made"]
    trial.expect(not forged, "a forged line")


def tell_and_redo(trial: Trial, recipe: object) -> None:
    text = recipe if isinstance(recipe, str) else json.dumps(recipe)
    path = put(trial, "a picture.png", with_recipe(text))
    is_safe(trial, use(trial, "info", path))
    ended = trial.run("redo", path, *QUIET)
    trial.ends_clearly(ended, [FINE, DIFFERS, REFUSED])
    is_safe(trial, ended)


@kind("hostile recipes in pictures, for info and redo", len(RECIPES))
def _(trial: Trial) -> None:
    trial.about, change = [*RECIPES.items()][trial.number]
    tell_and_redo(trial, change(of_recipe(trial)))


@kind("recipes with any value replaced, for info and redo", 40)
def _(trial: Trial) -> None:
    recipe = of_recipe(trial)
    place, name = trial.draw.choice([one for one in places(recipe) if one[1] != "size"])
    place[name] = trial.draw.choice((*STRANGE, EVIL))
    trial.about = f"{name!r} is {json.dumps(place[name])[:40]}"
    tell_and_redo(trial, recipe)
