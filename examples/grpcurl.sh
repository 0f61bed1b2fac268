#!/bin/sh
# Talks to a broker with grpcurl (https://github.com/fullstorydev/grpcurl) and nothing else: the broker
# tells by reflection what it offers. `bytes` are base64 in JSON.
#
#   sh grpcurl.sh [HOST:PORT]
#
# GRPCURL names the command, when it is another one.
set -eu

broker="${1:-127.0.0.1:9094}"
topic="grpcurl-$$"

call() {
  method="$1"
  shift
  # shellcheck disable=SC2086
  ${GRPCURL:-grpcurl} -plaintext "$@" "$broker" "$method"
}

base64_of() {
  printf '%s' "$1" | base64
}

${GRPCURL:-grpcurl} -plaintext "$broker" list

call sluice.v1.AdminService/CreateTopic -d "{\"name\": \"$topic\", \"partitions\": 1}"

call sluice.v1.ProduceService/Publish -d "{
  \"topic\": \"$topic\",
  \"records\": [
    {\"record\": {\"key\": \"$(base64_of user-1)\", \"value\": \"$(base64_of hello)\"}},
    {\"record\": {\"value\": \"$(base64_of world)\"}}
  ]
}"

call sluice.v1.FetchService/Subscribe -d "{
  \"topics\": [{\"topic\": \"$topic\", \"start\": {\"edge\": \"EDGE_EARLIEST\"}}],
  \"untilEnd\": true
}"

call sluice.v1.AdminService/DeleteTopic -d "{\"name\": \"$topic\"}"
