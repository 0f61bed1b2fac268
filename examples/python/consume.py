"""Prints the values of a topic's records, one a line, from the earliest on.

    python consume.py TOPIC [--bootstrap HOST:PORT] [--follow] [--uncommitted]
"""

import argparse
import sys

import grpc

from stubs import fetch, fetch_grpc, records

MAX_MESSAGE_BYTES = 64 * 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints records")
    parser.add_argument("topic")
    parser.add_argument("--bootstrap", default="127.0.0.1:9094")
    parser.add_argument("--follow", action="store_true", help="wait for more at the end")
    parser.add_argument("--uncommitted", action="store_true", help="aborted records as well")
    arguments = parser.parse_args()

    committed = records.ISOLATION_READ_COMMITTED
    isolation = records.ISOLATION_READ_UNCOMMITTED if arguments.uncommitted else committed
    start = records.Position(edge=records.Position.EDGE_EARLIEST)
    request = fetch.SubscribeRequest(
        topics=[fetch.TopicSubscription(topic=arguments.topic, start=start)],
        until_end=not arguments.follow,
        isolation=isolation,
    )
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    with grpc.insecure_channel(arguments.bootstrap, options) as channel:
        for response in fetch_grpc.FetchServiceStub(channel).Subscribe(request):
            for subscribed in response.records:
                sys.stdout.buffer.write(subscribed.record.value + b"\n")
            if arguments.follow:
                sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        raise SystemExit(f"{error.code().name}: {error.details()}")
    except KeyboardInterrupt:
        pass
