package io.drover.agent.server;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** The one place where refusals become gRPC statuses. */
final class ErrorStatus {
    private static final String DOMAIN = "drover.io";

    private ErrorStatus() {}

    static StatusRuntimeException of(RefusedException refusal) {
        ErrorInfo info = ErrorInfo.newBuilder().setDomain(DOMAIN).setReason(refusal.reason().name())
                .putAllMetadata(refusal.metadata()).build();
        return StatusProto
                .toStatusRuntimeException(com.google.rpc.Status.newBuilder().setCode(code(refusal.reason()).value())
                        .setMessage(refusal.getMessage()).addDetails(Any.pack(info)).build());
    }

    private static Status.Code code(Reason reason) {
        return switch (reason) {
            case BAD_REQUEST, UNBOOTABLE -> Status.Code.INVALID_ARGUMENT;
            case NOT_OWNER, EPOCH_SPENT, DRIVER_UNUSABLE, FILE_MISSING, DISK_MISSING, NETWORK_MISSING, PORT_TAKEN,
                    VM_RUNS, NO_SUCH_MIGRATION, MIGRATING, DEVICES_CHANGING, SAVED_STATE_MISSING, SUSPENDING ->
                Status.Code.FAILED_PRECONDITION;
            case DOES_NOT_FIT, DISK_FULL -> Status.Code.RESOURCE_EXHAUSTED;
            case WRONG_SHA256 -> Status.Code.DATA_LOSS;
            case VM_NOT_FOUND -> Status.Code.NOT_FOUND;
            case ZOOKEEPER_AWAY -> Status.Code.UNAVAILABLE;
            case HOST_FAILED -> Status.Code.INTERNAL;
        };
    }
}
