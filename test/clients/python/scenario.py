# What the scenario needs in every client for Python: the records, the report, the waiting. The
# scenario itself stands in ../README.md.

import json
import time

# 2023-11-14T22:13:20Z: the time of record 0. Each record is a second after the one before.
START_MS = 1_700_000_000_000
# Records that are produced with each codec.
PER_CODEC = 20
DEADLINE_S = 60


def timestamp_of(n):
    return START_MS + n * 1000


def record(n):
    """Record n: keys and values that are null, empty, and not ASCII; some have headers."""
    key = None if n % 4 == 0 else b"" if n % 4 == 1 else f"key-{n}".encode()
    text = f"value {n} ключ漢🎉 " * (1 + n % 7)
    # Not both null: kafka-python refuses such records.
    value = None if n % 5 == 3 and key is not None else b"" if n % 5 == 4 else text.encode()
    headers = [("trace", f"id-{n}".encode()), ("empty", b"")] if n % 3 == 0 else []
    return {
        "offset": n,
        "timestamp": timestamp_of(n),
        "key": key,
        "value": value,
        "headers": headers,
    }


def records(start, end):
    return [record(n) for n in range(start, end)]


def round_of_group(number):
    """Ten values for each of four partitions, as (partition, value)."""
    return [(n % 4, f"round {number} record {n:02}".encode()) for n in range(40)]


def step(name, action):
    """Does one step and prints how it ended, as a line of JSON."""
    try:
        told = {"result": "passed", "detail": action() or ""}
    except Exception as error:  # whatever the client throws
        told = {"result": "failed", "detail": f"{type(error).__name__}: {error}"[:500]}
    print(json.dumps({"step": name, **told}), flush=True)


def same(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r:.200}, expected {expected!r:.200}")


def same_records(what, found, expected):
    """Says first where two lists of records part."""
    for at, (seen, wanted) in enumerate(zip(found, expected)):
        same(f"{what}: record {at}", seen, wanted)
    same(f"{what}: how many", len(found), len(expected))


def same_values(found, sent):
    """What a group has read, in any order: nothing lost, nothing that was not sent."""
    same("lost", sorted(set(sent) - set(found)), [])
    same("never sent", sorted(set(found) - set(sent)), [])
    again = len(found) - len(sent)
    return f"{again} read again" if again else ""


def until(what, is_true, then=lambda: time.sleep(0.05)):
    """Waits until `is_true`, and calls `then` as long as it is not."""
    end = time.monotonic() + DEADLINE_S
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited too long: {what}")
        then()


def refused(what, action):
    """The error of an action that has to be refused."""
    try:
        action()
    except Exception as error:  # whatever the client throws
        return error
    raise AssertionError(f"{what} was not refused")
