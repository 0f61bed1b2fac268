"""Prints the values of a topic's records, one a line, and shares them with all who run it for the
same group: each partition has one of them, and whoever comes later goes on where the group left off.

    python group.py GROUP TOPIC [--bootstrap HOST:PORT] [--count RECORDS]
"""

import argparse
import math
import queue
import sys

import grpc

from stubs import groups, groups_grpc


def consume(channel: grpc.Channel, group: str, topic: str, count: float) -> None:
    requests = queue.SimpleQueue()
    subscription = groups.GroupSubscription(topics=[topic])
    session = groups.OpenSession(group_id=group, subscription=subscription)
    requests.put(groups.SessionRequest(open=session))
    for response in groups_grpc.GroupServiceStub(channel).Session(iter(requests.get, None)):
        if count <= 0:
            continue  # somebody else will get these
        for received in response.records.records:
            sys.stdout.buffer.write(received.record.value + b"\n")
        sys.stdout.flush()
        # Done with them: the broker commits, and sends on.
        done = groups.AcknowledgeRecords(sequence=response.records.sequence)
        requests.put(groups.SessionRequest(ack=done))
        count -= len(response.records.records)
        if count <= 0:
            requests.put(None)  # nothing more to say: the broker ends the call


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints records, together with others")
    parser.add_argument("group")
    parser.add_argument("topic")
    parser.add_argument("--bootstrap", default="127.0.0.1:9094")
    parser.add_argument("--count", type=int, default=math.inf, help="so many, or a few more")
    arguments = parser.parse_args()
    with grpc.insecure_channel(arguments.bootstrap) as channel:
        consume(channel, arguments.group, arguments.topic, arguments.count)


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        raise SystemExit(f"{error.code().name}: {error.details()}")
    except KeyboardInterrupt:
        pass
