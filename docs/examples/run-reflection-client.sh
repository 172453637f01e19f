#!/bin/sh
# usage: run-reflection-client.sh [HOST:PORT]
#
# Runs the Python client that knows drover.v1 from server reflection alone against a controller (default: $DROVER_CONTROLLER, else
# 127.0.0.1:7070). Ends with 0 when it passed, 77 when Python or its gRPC library is not installed, and says which package has it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import grpc, google.protobuf' 2>/dev/null; then
        PYTHONDONTWRITEBYTECODE=1 exec "$python" "$here/vms_by_reflection.py" "$@"
    fi
done
echo "$0: no python3 with grpcio and protobuf; in Debian: apt-get install python3-grpcio python3-protobuf" >&2
exit 77
