"""Reads a calendar, or the calendars that a mail attaches, from standard input with a library that is not ours.

Prints one JSON object an event. Fails on a calendar that breaks the standard.
"""

import email
import email.policy
import json
import sys

import icalendar


def calendars(data):
    if data.startswith(b"BEGIN:VCALENDAR"):
        return [data]
    mail = email.message_from_bytes(data, policy=email.policy.default)
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    for part in parts:
        assert part.get_param("method") == "PUBLISH", part["content-type"]
        assert part.get_filename() == "deadlines.ics", part["content-disposition"]
    return [part.get_payload(decode=True) for part in parts]


for data in calendars(sys.stdin.buffer.read()):
    assert b"\n" not in data.replace(b"\r\n", b""), "a bare line feed"
    assert all(len(line) <= 75 for line in data.split(b"\r\n")), "a long line"
    calendar = icalendar.Calendar.from_ical(data)
    for required in ("VERSION", "PRODID", "METHOD"):
        assert required in calendar, required
    assert not calendar.errors, calendar.errors
    for event in calendar.walk("VEVENT"):
        assert not event.errors, event.errors
        for required in ("UID", "DTSTAMP", "SEQUENCE", "DTSTART", "SUMMARY"):
            assert required in event, required
        alarms = [str(alarm["TRIGGER"].dt) for alarm in event.walk("VALARM")]
        print(
            json.dumps(
                {
                    "uid": str(event["UID"]),
                    "sequence": int(event["SEQUENCE"]),
                    "day": event.decoded("DTSTART").isoformat(),
                    "end": event.decoded("DTEND").isoformat(),
                    "status": str(event["STATUS"]),
                    "summary": str(event["SUMMARY"]),
                    "description": str(event["DESCRIPTION"]),
                    "alarms": alarms,
                }
            )
        )
