package io.drover.cli.wrong.vmm.serial;

import io.grpc.Status;

public record SpeaksGrpc(Status status) {}
