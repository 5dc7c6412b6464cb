#!/usr/bin/env python3
"""Pictures of the default mails, as a real browser shows them: wide and light, narrow and dark.

Usage: scripts/pictures.py BROWSER FOLDER [MAIL...]. Reads tests/default_mails/*.html, which the rules that
the program carries sent in tests/default_mails.rs, writes
FOLDER/<mail>.png and FOLDER/<mail>-narrow-dark.png: of all mails, or of those that are named. Needs nothing but Python and a headless Chromium.
"""

import concurrent.futures
import html
import itertools
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

# The page is shown on a canvas that is tall enough for most mails; what is empty at its end is cut off, and so is the end of a very long one.
HEIGHT = 2400
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


def unfiltered(kind, row, before, channels, blank):
    """A row of a PNG as it was before it was made easy to pack."""
    if kind == 0:
        return row
    if kind == 2:
        return before if row == blank else bytes((a + b) & 255 for a, b in zip(row, before))
    row = bytearray(row)
    if kind == 1:
        for channel in range(channels):
            sums = itertools.accumulate(row[channel::channels], lambda a, b: (a + b) & 255)
            row[channel::channels] = bytes(sums)
        return bytes(row)
    for x, value in enumerate(row):
        left = row[x - channels] if x >= channels else 0
        up = before[x]
        if kind == 3:
            row[x] = (value + (left + up) // 2) & 255
            continue
        corner = before[x - channels] if x >= channels else 0
        by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        if by_left <= by_up and by_left <= by_corner:
            guess = left
        else:
            guess = up if by_up <= by_corner else corner
        row[x] = (value + guess) & 255
    return bytes(row)


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
    rows, before, blank = [], bytes(stride), bytes(stride)
    for y in range(height):
        start = y * (stride + 1)
        before = unfiltered(raw[start], raw[start + 1 : start + 1 + stride], before, channels, blank)
        rows.append(before)
    if channels == 4:
        rows = [b"".join(row[x : x + 3] for x in range(0, len(row), 4)) for row in rows]
    return width, rows


def write(path, width, rows):
    """An indexed PNG with few colours."""
    step = 255 / (STEPS - 1)
    level = bytes(round(round(value / step) * step) for value in range(256))
    palette, lines, known = {}, [], {}
    for row in rows:
        if row in known:
            lines.append(known[row])
            continue
        whole, row = row, row.translate(level)
        line = bytearray(width)
        for x in range(width):
            colour = row[3 * x : 3 * x + 3]
            line[x] = palette.setdefault(colour, min(len(palette), 255))
        known[whole] = b"\0" + bytes(line)
        lines.append(known[whole])
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
    browser, folder, named = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    pages = sorted(pathlib.Path("tests/default_mails").glob("*.html"))
    wanted = [page for page in pages if not named or page.stem in named]
    kept = {f"{page.stem}{ending}.png" for page in pages if page not in wanted for ending, _, _ in VIEWS}
    for old in folder.glob("*.png"):
        if old.name not in kept:
            old.unlink()
    index = [
        "# The default mails, as a browser shows them",
        "",
        "What the rules that the program carries send for the messages in `tests/default_mails.rs`: wide and light, narrow and dark.",
        "Made by `make pictures`. Beneath each name stands the subject. `request over` and `requests over` come from a rule with",
        "`tell_when_over`, as `docs/alerts.md` has it: no rule that the program carries tells ends.",
        "",
    ]
    def picture(page, ending, width, more):
        with tempfile.TemporaryDirectory() as scratch:
            shot = pathlib.Path(scratch) / "shot.png"
            shoot(browser, page, shot, width, more)
            wide, rows = read(shot)
        while len(rows) > 40 and rows[-1] == rows[-2]:
            rows.pop()
        write(folder / f"{page.stem}{ending}.png", wide, rows)

    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        jobs = [pool.submit(picture, page, *view) for page in wanted for view in VIEWS]
        for job in jobs:
            job.result()
    for page in pages:
        subject = html.unescape(re.search("<title>(.*?)</title>", page.read_text(), re.S).group(1))
        index += [f"## {page.stem.replace('-', ' ')}", "", f"`{subject}`", ""]
        for ending, _, _ in VIEWS:
            words = f"{page.stem}{' on a narrow, dark display' if ending else ''}"
            index.append(f"![{words}]({page.stem}{ending}.png)")
        index.append("")
    (folder / "README.md").write_text("\n".join(index))


main()
