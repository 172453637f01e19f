package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What a call was refused with. */
record Refusals(Status.Code code, ErrorInfo info, com.google.rpc.Status status) {
    /** Of a call that has to be refused. */
    static Refusals of(ThrowingCallable call) {
        try {
            call.call();
        } catch (StatusException e) {
            return of(e);
        } catch (Throwable e) {
            throw new AssertionError("expected a StatusException", e);
        }
        throw new AssertionError("was not refused");
    }

    static Refusals of(StatusException refusal) {
        com.google.rpc.Status status = StatusProto.fromThrowable(refusal);
        assertThat(status).as("details of %s", refusal).isNotNull();
        return new Refusals(refusal.getStatus().getCode(), info(status), status);
    }

    /** Of a status, such as that of a task. */
    static ErrorInfo info(com.google.rpc.Status status) {
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return detail.unpack(ErrorInfo.class);
                } catch (InvalidProtocolBufferException e) {
                    throw new AssertionError(e);
                }
            }
        }
        throw new AssertionError("no ErrorInfo in " + status);
    }

    String reason() {
        return info.getReason();
    }

    String message() {
        return status.getMessage();
    }
}
