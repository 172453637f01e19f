package io.drover.controller.agent;

import com.google.rpc.ErrorInfo;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;

/** Tells refusals from silence: only an agent that refused for certain leads to another placement. */
final class Answers {
    private Answers() {}

    static <T> Answer<T> of(StatusException failure) {
        Status status = failure.getStatus();
        String message = status.getDescription() == null ? status.getCode().name() : status.getDescription();
        return switch (status.getCode()) {
            case RESOURCE_EXHAUSTED -> new Answer.Refused<>(Answer.Why.HOST_CANNOT, message);
            case INVALID_ARGUMENT -> new Answer.Refused<>(Answer.Why.BAD_REQUEST, message);
            case NOT_FOUND -> new Answer.Refused<>(Answer.Why.NOT_THERE, message);
            case FAILED_PRECONDITION -> new Answer.Refused<>(switch (reason(failure)) {
                case "NOT_OWNER" -> Answer.Why.NOT_OWNER;
                case "EPOCH_SPENT" -> Answer.Why.EPOCH_SPENT;
                case "FILE_MISSING" -> Answer.Why.FILE_MISSING;
                default -> Answer.Why.HOST_CANNOT;
            }, message);
            default -> new Answer.None<>(status.getCode() + ": " + message);
        };
    }

    /** Of its ErrorInfo; empty when it has none. */
    private static String reason(StatusException failure) {
        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        if (status == null) {
            return "";
        }
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return detail.unpack(ErrorInfo.class).getReason();
                } catch (InvalidProtocolBufferException e) {
                    return "";
                }
            }
        }
        return "";
    }
}
