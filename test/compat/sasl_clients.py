# Logs in by each mechanism, and lists the topics; then tries a wrong password.
#
#   python sasl_clients.py <confluent-kafka | kafka-python> <bootstrap> <token>

import sys
import time

CLIENT, BOOTSTRAP, TOKEN = sys.argv[1:]
PASSWORDS = {
    "PLAIN": ("ann", "ann-secret"),
    "SCRAM-SHA-256": ("alice", "alice-secret"),
    "SCRAM-SHA-512": ("alice", "alice-secret"),
}


def confluent(mechanism, user, password):
    from confluent_kafka.admin import AdminClient

    options = {
        "bootstrap.servers": BOOTSTRAP,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
    }
    if mechanism == "OAUTHBEARER":
        options["oauth_cb"] = lambda _: (TOKEN, time.time() + 3600)
    else:
        options |= {"sasl.username": user, "sasl.password": password}
    admin = AdminClient(options)
    if mechanism == "OAUTHBEARER":
        admin.poll(0.1)
    return list(admin.list_topics(timeout=20).topics)


def kafka_python(mechanism, user, password):
    from kafka import KafkaConsumer

    options = {"bootstrap_servers": BOOTSTRAP, "security_protocol": "SASL_PLAINTEXT"}
    if mechanism == "OAUTHBEARER":
        from kafka.oauth.abstract import AbstractTokenProvider

        class Provider(AbstractTokenProvider):
            def token(self):
                return TOKEN

        options["sasl_oauth_token_provider"] = Provider()
    else:
        options |= {"sasl_plain_username": user, "sasl_plain_password": password}
    consumer = KafkaConsumer(sasl_mechanism=mechanism, **options)
    try:
        return list(consumer.topics())
    finally:
        consumer.close()


topics = confluent if CLIENT == "confluent-kafka" else kafka_python
for mechanism, (user, password) in PASSWORDS.items():
    print(mechanism, *topics(mechanism, user, password), flush=True)
print("OAUTHBEARER", *topics("OAUTHBEARER", None, None), flush=True)
try:
    topics("SCRAM-SHA-256", "alice", "wrong")
    print("let in")
except Exception as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    print("refused")
