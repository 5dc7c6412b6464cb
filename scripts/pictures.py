#!/usr/bin/env python3
"""Pictures of the default mails, as a real browser shows them: wide and light, narrow and dark.

Usage: scripts/pictures.py BROWSER FOLDER. Reads src/email/snapshots/*.html, which the tests keep true, writes
FOLDER/<mail>.png and FOLDER/<mail>-narrow-dark.png. Needs nothing but Python and a headless Chromium.
"""

import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

# The page is shown on a canvas that is tall enough for every mail; what is empty at its end is cut off.
HEIGHT = 3200
VIEWS = [("", 760, []), ("-narrow-dark", 400, ["--blink-settings=preferredColorScheme=0"])]
# Steps of each colour that are kept: text stays readable, and a picture stays small.
STEPS = 16


def shoot(browser, page, target, width, more):
    subprocess.run(
        [
            browser,
            "--no-sandbox",
            "--hide-scrollbars",
            "--disable-gpu",
            "--force-device-scale-factor=1",
            f"--window-size={width},{HEIGHT}",
            f"--screenshot={target}",
            *more,
            page.resolve().as_uri(),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
    )


def read(path):
    """Width, height and rows of RGB bytes of a PNG without interlace."""
    data = path.read_bytes()
    at, packed, width, height, channels = 8, b"", 0, 0, 3
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6), "an RGB picture"
            channels = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    raw, stride = zlib.decompress(packed), width * channels
    rows, before = [], bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride):
            left = row[x - channels] if x >= channels else 0
            up = before[x]
            if kind == 1:
                row[x] = (row[x] + left) & 255
            elif kind == 2:
                row[x] = (row[x] + up) & 255
            elif kind == 3:
                row[x] = (row[x] + (left + up) // 2) & 255
            elif kind == 4:
                corner = before[x - channels] if x >= channels else 0
                guess = left + up - corner
                far = [(abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner)]
                row[x] = (row[x] + min(far)[2]) & 255
        rows.append(bytes(row))
        before = row
    if channels == 4:
        rows = [b"".join(row[x : x + 3] for x in range(0, len(row), 4)) for row in rows]
    return width, rows


def write(path, width, rows):
    """An indexed PNG with few colours."""
    step = 255 / (STEPS - 1)
    level = bytes(round(round(value / step) * step) for value in range(256))
    palette, lines = {}, []
    for row in rows:
        row = row.translate(level)
        line = bytearray(width)
        for x in range(width):
            colour = row[3 * x : 3 * x + 3]
            line[x] = palette.setdefault(colour, min(len(palette), 255))
        lines.append(b"\0" + bytes(line))
    colours = list(palette)[:256]

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"PLTE", b"".join(colours))
        + chunk(b"IDAT", zlib.compress(b"".join(lines), 9))
        + chunk(b"IEND", b"")
    )


def main():
    browser, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    pages = sorted(pathlib.Path("src/email/snapshots").glob("*.html"))
    index = ["# The default mails, as a browser shows them", "", "Made by `make pictures`.", ""]
    for page in pages:
        index += [f"## {page.stem.replace('-', ' ')}", ""]
        for ending, width, more in VIEWS:
            name = f"{page.stem}{ending}.png"
            with tempfile.TemporaryDirectory() as scratch:
                shot = pathlib.Path(scratch) / "shot.png"
                shoot(browser, page, shot, width, more)
                wide, rows = read(shot)
            while len(rows) > 40 and rows[-1] == rows[-2]:
                rows.pop()
            write(folder / name, wide, rows)
            index.append(f"![{page.stem}{' on a narrow, dark display' if ending else ''}]({name})")
        index.append("")
        print(page.stem)
    (folder / "README.md").write_text("\n".join(index))


main()
