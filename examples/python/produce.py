"""Sends each line of the standard input as a record.

    python produce.py TOPIC [--bootstrap HOST:PORT] [--key-separator TEXT] < FILE
"""

import argparse
import itertools
import sys

import grpc

from stubs import produce, produce_grpc, records

RECORDS_PER_REQUEST = 500


def record_of(line: bytes, separator: bytes | None) -> produce.PublishRecord:
    if separator is None or separator not in line:
        return produce.PublishRecord(record=records.Record(value=line))
    key, value = line.split(separator, 1)
    return produce.PublishRecord(record=records.Record(key=key, value=value))


def requests(topic: str, separator: bytes | None):
    """One request for every few hundred lines, numbered, each sent without waiting for the last."""
    lines = (line.rstrip(b"\n") for line in sys.stdin.buffer)
    for number in itertools.count():
        chunk = list(itertools.islice(lines, RECORDS_PER_REQUEST))
        if not chunk:
            return
        yield produce.PublishStreamRequest(
            number=number,
            topic=topic,
            acks=records.ACKS_ALL,
            records=[record_of(line, separator) for line in chunk],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends lines as records")
    parser.add_argument("topic")
    parser.add_argument("--bootstrap", default="127.0.0.1:9094")
    parser.add_argument("--key-separator")
    arguments = parser.parse_args()
    separator = arguments.key_separator.encode() if arguments.key_separator else None

    stored = 0
    with grpc.insecure_channel(arguments.bootstrap) as channel:
        service = produce_grpc.ProduceServiceStub(channel)
        for response in service.PublishStream(requests(arguments.topic, separator)):
            if response.HasField("error"):
                raise SystemExit(f"{response.error.reason}: {response.error.message}")
            for published in response.records:
                if published.HasField("error"):
                    raise SystemExit(f"{published.error.reason}: {published.error.message}")
                stored += 1
    print(f"{stored} records are stored in {arguments.topic}")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        raise SystemExit(f"{error.code().name}: {error.details()}")
