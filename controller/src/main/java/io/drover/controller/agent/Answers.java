package io.drover.controller.agent;

import com.google.rpc.ErrorInfo;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;

/** Tells refusals from silence: only an agent that refused for certain leads to another placement. */
final class Answers {
    private static final String DOMAIN = "drover.io";

    private Answers() {}

    static <T> Answer<T> of(StatusException failure) {
        Status status = failure.getStatus();
        String message = status.getDescription() == null ? status.getCode().name() : status.getDescription();
        Optional<String> reason = reason(failure);
        // What gRPC itself says, of a message that is too large or a peer that is busy, is not the agent's word.
        return reason.flatMap(said -> why(status.getCode(), said))
                .<Answer<T>>map(why -> new Answer.Refused<>(why, message))
                .orElseGet(() -> new Answer.None<>(status.getCode() + ": " + message));
    }

    private static Optional<Answer.Why> why(Status.Code code, String reason) {
        return switch (code) {
            case RESOURCE_EXHAUSTED -> Optional.of(Answer.Why.HOST_CANNOT);
            case INVALID_ARGUMENT -> Optional.of(Answer.Why.BAD_REQUEST);
            case NOT_FOUND -> Optional.of(Answer.Why.NOT_THERE);
            case INTERNAL -> reason.equals("HOST_FAILED") ? Optional.of(Answer.Why.HOST_FAILED) : Optional.empty();
            case FAILED_PRECONDITION -> Optional.of(switch (reason) {
                case "NOT_OWNER" -> Answer.Why.NOT_OWNER;
                case "EPOCH_SPENT" -> Answer.Why.EPOCH_SPENT;
                // No other host has what is missing.
                case "DISK_MISSING" -> Answer.Why.BAD_REQUEST;
                case "NO_SUCH_MIGRATION" -> Answer.Why.NO_SUCH_MIGRATION;
                case "FILE_MISSING" -> Answer.Why.FILE_MISSING;
                case "SAVED_STATE_MISSING" -> Answer.Why.SAVED_STATE_MISSING;
                default -> Answer.Why.HOST_CANNOT;
            });
            default -> Optional.empty();
        };
    }

    /** Of its ErrorInfo, if it has one of ours. */
    private static Optional<String> reason(StatusException failure) {
        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        if (status == null) {
            return Optional.empty();
        }
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    ErrorInfo info = detail.unpack(ErrorInfo.class);
                    return Optional.of(info.getReason()).filter(reason -> info.getDomain().equals(DOMAIN));
                } catch (InvalidProtocolBufferException e) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }
}
