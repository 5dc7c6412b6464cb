#!/usr/bin/env python3
"""Kills the daemon, or cuts the power of the disk under it, at random moments, and checks that nothing it had taken is lost.

    benches/cut.py kill  PROGRAM FOLDER ROUNDS GROUP
    benches/cut.py power PROGRAM FOLDER ROUNDS GROUP

Each round starts an empty state, drops GROUP files at a time and goes on as soon as they are taken, until SIGKILL (kill) or until
the process is stopped (power). For a power cut the state lies on an ext4 image on a loop device: the image is copied as the block
device had it, without anything that only sat in the page cache, and the copy is mounted, which replays its journal. The drops lie outside:
what has left them was acknowledged. power needs root and loop devices.

Then the daemon is started on what is left, takes the rest of the files, and this is checked:
  lost    an acknowledged file that the journal does not name
  damage  `audit verify`, or `replay --verify` every tenth time, finds something
  state   the state hash is not that of a run that nobody disturbed
  failed  a command did not end with 0
  rebuilt the store could not be used and was made anew from the journal: no fault, but slow

Prints one JSON line. The drive's own cache is not modelled."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

MODE, PROGRAM, FOLDER = sys.argv[1], os.path.abspath(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
ROUNDS, GROUP = int(sys.argv[4]), int(sys.argv[5])
ENTRIES = 60 if GROUP < 64 else 150
IMAGE_MIB = 400
REPLAY_EVERY = 10
# One drop hands over up to 64 files at a time.
DROPS = max(1, (GROUP + 63) // 64)
STATE = FOLDER / "disk"
random.seed(7)


def sh(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def configure():
    lines = ['[state]', f'folder = "{STATE}/state"', '[mail]', 'from = "entrywatch@example.com"', f'outbox = "{FOLDER}/mail"']
    lines += ['[daemon]', 'log = "text"', 'log_level = "error"', f'socket = "{FOLDER}/socket"']
    lines += ['[[team]]', 'name = "operations"', 'to = ["operations@example.com"]', '[[broker]]', 'name = "acme"']
    for drop in range(DROPS):
        lines += ['[[broker.drop]]', f'name = "d{drop}"', f'path = "{FOLDER}/drop{drop}"', 'settle = "0s"', 'poll = "1s"']
    (FOLDER / "config.toml").write_text("\n".join(lines) + "\n")


def run(*arguments):
    command = [PROGRAM, "--config", str(FOLDER / "config.toml"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def drop(index):
    return FOLDER / f"drop{index}"


def fresh_drops():
    for index in range(DROPS):
        shutil.rmtree(drop(index), ignore_errors=True)
        drop(index).mkdir()
    shutil.rmtree(FOLDER / "mail", ignore_errors=True)


def put(number, path):
    """Under a temporary name, then renamed, as a careful broker does."""
    target = drop(number % DROPS)
    part = target / f".{number:05}.part"
    shutil.copyfile(path, part)
    part.rename(target / f"{number:05}.txt")


def waiting():
    return sum(1 for index in range(DROPS) for item in os.scandir(drop(index)) if item.is_file())


def taken():
    done = [drop(index) / "done" for index in range(DROPS)]
    return [path for folder in done if folder.is_dir() for path in folder.iterdir()]


def finish():
    for _ in range(20):
        ended = run("run", "--once")
        if ended.returncode != 0:
            return ended
        if waiting() == 0:
            return None
    return ended


def image(path):
    with open(path, "wb") as file:
        file.truncate(IMAGE_MIB << 20)
    sh("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", str(path))


def mount(path):
    sh("mount", "-o", "loop", str(path), str(STATE))


def unmount():
    sh("umount", str(STATE))


def cut(daemon, files):
    """Drops files and cuts at a random moment after the first was taken; answers what was acknowledged and how many files
    were dropped."""
    until, number = None, 0
    while until is None or time.monotonic() < until:
        if until is None and taken():
            until = time.monotonic() + random.uniform(0.0, 1.5)
        if waiting() == 0 and number < len(files):
            for path in files[number:number + GROUP]:
                put(number, path)
                number += 1
        if daemon.poll() is not None:
            sys.exit(f"the daemon ended by itself: {daemon.stderr.read()}")
        time.sleep(0.0005)
    if MODE == "power":
        daemon.send_signal(signal.SIGSTOP)
        time.sleep(0.01)
        acknowledged = taken()
        sh("cp", "--sparse=always", str(FOLDER / "image"), str(FOLDER / "image.cut"))
    daemon.kill()
    daemon.wait()
    if MODE == "power":
        unmount()
        mount(FOLDER / "image.cut")
    else:
        acknowledged = taken()
    return acknowledged, number


def journaled():
    named = set()
    for segment in sorted((STATE / "state/journal").glob("*.jsonl")):
        for line in segment.read_bytes().split(b"\n")[:-1]:
            if b'"what":"received"' in line:
                named.add(json.loads(line)["file"])
    return named


def one_round(files, calm, total):
    fresh_drops()
    if MODE == "power":
        image(FOLDER / "image")
        mount(FOLDER / "image")
    else:
        shutil.rmtree(STATE, ignore_errors=True)
        STATE.mkdir()
    command = [PROGRAM, "--config", str(FOLDER / "config.toml"), "run"]
    daemon = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    acknowledged, number = cut(daemon, files)
    total["acknowledged"] += len(acknowledged)
    for path in files[number:]:
        put(number, path)
        number += 1
    failed = finish()
    if failed is None:
        known = journaled()
        lost = [path for path in acknowledged if hashlib.sha256(path.read_bytes()).hexdigest() not in known]
        total["lost"] += len(lost)
        total["damage"] += run("audit", "verify").returncode != 0
        if total["rounds"] % REPLAY_EVERY == 0:
            total["damage"] += run("replay", "--verify").returncode != 0
        total["state"] += run("state-hash").stdout != calm
        total["rebuilt"] += any((STATE / "state").glob("store.broken-*"))
    else:
        total["failed"] += 1
        total.setdefault("said", failed.stderr[-300:])
    if MODE == "power":
        unmount()
    total["rounds"] += 1


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    STATE.mkdir(exist_ok=True)
    configure()
    feed = FOLDER / "feed"
    shutil.rmtree(feed, ignore_errors=True)
    sh(PROGRAM, "generate", str(feed), "--entries", str(ENTRIES), "--messages-per-file", "1", "--seed", "7")
    files = sorted(path for path in feed.rglob("*") if path.is_file())
    fresh_drops()
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir()
    for number, path in enumerate(files):
        put(number, path)
    if finish() is not None:
        sys.exit("the calm run failed")
    calm = run("state-hash").stdout
    total = {"test": MODE, "group": GROUP, "files": len(files), "rounds": 0, "acknowledged": 0}
    total.update(lost=0, damage=0, state=0, failed=0, rebuilt=0)
    for _ in range(ROUNDS):
        one_round(files, calm, total)
    print(json.dumps(total))


main()
