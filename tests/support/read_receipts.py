"""Validates receipts with pyx12: a JSON list of {name, text} on standard input. Prints "N sound", or what is wrong; then it ends with 1."""
import io
import json
import logging
import os
import sys
import tempfile

import pyx12.params
import pyx12.x12n_document

# The maps are those of health care: they know its groups, sets and conventions and no others. Ours stand in their places.
STAND_IN = {"AK1": {1: "HC", 3: "005010X222A1"}, "AK2": {1: "837", 3: "005010X222A1"}}


def in_health_care(text):
    """The receipt as if it were about a claim."""
    lines = []
    for line in text.split("~\n"):
        elements = line.split("*")
        for at, value in STAND_IN.get(elements[0], {}).items():
            if at < len(elements):
                elements[at] = value
        lines.append("*".join(elements))
    return "~\n".join(lines)


log = io.StringIO()
logging.basicConfig(stream=log, level=logging.WARNING, format="%(message)s")

wrong = 0
receipts = json.load(sys.stdin)
for receipt in receipts:
    log.seek(0)
    log.truncate()
    # An interchange that holds nothing but TA1 has no map; what it says is checked elsewhere.
    text = receipt["text"]
    if "\nGS*" not in text:
        continue
    with tempfile.NamedTemporaryFile("w", suffix=".edi", delete=False) as file:
        file.write(in_health_care(text))
    try:
        answer = io.StringIO()
        sound = pyx12.x12n_document.x12n_document(pyx12.params.params(), file.name, answer, None, None)
    finally:
        os.unlink(file.name)
    if not sound or log.getvalue():
        wrong += 1
        print(receipt["name"], log.getvalue(), text, answer.getvalue(), sep="\n")
if wrong:
    sys.exit(1)
print(len(receipts), "sound")
