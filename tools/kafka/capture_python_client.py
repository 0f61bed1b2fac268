# One of the clients for Python through what it can do, for capture.mjs.
#
#   python3 capture_python_client.py <kafka-python|confluent> <bootstrap> <sasl bootstrap>

import sys
import time


def attempt(action):
    """A call that is refused has its frames too."""
    try:
        return action()
    except Exception as error:  # whatever the client throws
        print(f"{type(error).__name__}: {error}", file=sys.stderr)


def kafka_python(bootstrap, sasl_bootstrap):
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic

    topic = "kafka-python-topic"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    attempt(lambda: admin.create_topics([NewTopic(topic, 2, 1)]))
    attempt(lambda: admin.describe_topics([topic]))
    attempt(lambda: admin.create_partitions({topic: NewPartitions(3)}))
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1000000"})
    attempt(lambda: admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))
    attempt(lambda: admin.alter_configs([resource]))
    for codec in (None, "gzip"):
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all")
        attempt(lambda: producer.send(topic, b"value", b"key", [("trace", b"1")]).get(10))
        producer.close()
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id="kafka-python-group",
        auto_offset_reset="earliest",
        consumer_timeout_ms=3000,
    )
    attempt(lambda: list(consumer))
    attempt(lambda: consumer.offsets_for_times({TopicPartition(topic, 0): 1_600_000_000_000}))
    attempt(consumer.commit)
    attempt(lambda: admin.describe_consumer_groups(["kafka-python-group"]))
    attempt(lambda: admin.list_consumer_group_offsets("kafka-python-group"))
    consumer.close()
    attempt(admin.list_consumer_groups)
    attempt(lambda: admin.delete_consumer_groups(["kafka-python-group"]))
    attempt(lambda: admin.delete_topics([topic]))
    admin.close()
    sasl = {"sasl_plain_username": "ann", "sasl_plain_password": "ann-secret"}
    secure = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", **sasl}
    attempt(lambda: KafkaConsumer(bootstrap_servers=sasl_bootstrap, **secure).topics())


def confluent(bootstrap, sasl_bootstrap):
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic
    from confluent_kafka.admin import OffsetSpec

    topic = "confluent-topic"
    basic = {"bootstrap.servers": bootstrap}
    admin = AdminClient(basic)

    def wait(futures):
        values = futures.values() if isinstance(futures, dict) else [futures]
        return [attempt(lambda: future.result(10)) for future in values]

    wait(admin.create_topics([NewTopic(topic, 2, 1)]))
    wait(admin.create_partitions([NewPartitions(topic, 3)]))
    wait(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))
    for options in ({"compression.type": "zstd"}, {"enable.idempotence": True}, {"acks": 0}):
        producer = Producer({**basic, **options})
        producer.produce(topic, b"value", b"key", headers=[("trace", b"1")])
        producer.flush(10)
    atomic = Producer({**basic, "transactional.id": "confluent-transactions"})
    attempt(lambda: atomic.init_transactions(10))
    attempt(atomic.begin_transaction)
    atomic.produce(topic, b"value", b"key", partition=0)
    for protocol in ("classic", "consumer"):
        group = {"group.id": f"confluent-{protocol}", "group.protocol": protocol}
        consumer = Consumer({**basic, **group, "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        end = time.time() + 6
        while time.time() < end:
            consumer.poll(0.2)
        attempt(lambda: consumer.commit(asynchronous=False))
        if protocol == "classic":
            metadata = consumer.consumer_group_metadata()
            offsets = [TopicPartition(topic, 0, 1)]
            attempt(lambda: atomic.send_offsets_to_transaction(offsets, metadata, 10))
            attempt(lambda: atomic.commit_transaction(10))
        wait(admin.describe_consumer_groups([f"confluent-{protocol}"]))
        consumer.close()
    wait(admin.list_consumer_groups())
    wait(admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.max_timestamp()}))
    wait(admin.describe_cluster(include_authorized_operations=True))
    wait(admin.delete_records([TopicPartition(topic, 0, 1)]))
    wait(admin.delete_consumer_groups(["confluent-classic"]))
    wait(admin.delete_topics([topic]))
    login = {"sasl.mechanisms": "PLAIN", "sasl.username": "ann", "sasl.password": "ann-secret"}
    server = {"bootstrap.servers": sasl_bootstrap, "security.protocol": "SASL_PLAINTEXT"}
    attempt(lambda: AdminClient({**server, **login}).list_topics(timeout=10))


if __name__ == "__main__":
    run = {"kafka-python": kafka_python, "confluent": confluent}[sys.argv[1]]
    run(sys.argv[2], sys.argv[3])
