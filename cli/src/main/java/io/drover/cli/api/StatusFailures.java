package io.drover.cli.api;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import java.util.Optional;

/** Turns the server's google.rpc.Status into what a command says and returns. The only place that knows the codes. */
public final class StatusFailures {
    /** ErrorInfo metadata: what to do next. */
    private static final String NEXT_STEP = "next_step";
    /** The scheduler found no host. */
    private static final String NO_HOST_FITS = "NO_HOST_FITS";

    private StatusFailures() {}

    /**
     * The error of a call.
     *
     * @param what     what the command could not do, such as "cannot start VM web-1"
     * @param endpoint who was asked
     */
    public static Failure of(StatusRuntimeException exception, String what, Endpoint endpoint) {
        Status status = StatusProto.fromThrowable(exception);
        if (status == null) {
            status = Status.newBuilder().setCode(Code.UNKNOWN_VALUE).setMessage(String.valueOf(exception.getMessage()))
                    .build();
        }
        Optional<ErrorInfo> info = errorInfo(status);
        if (info.isEmpty() && exception.getStatus().getCode() == io.grpc.Status.Code.UNAVAILABLE) {
            return unreachable(exception, what, endpoint);
        }
        return of(status, what);
    }

    /** The error of a task that failed, or of a call. */
    public static Failure of(Status status, String what) {
        Code code = Optional.ofNullable(Code.forNumber(status.getCode())).orElse(Code.UNKNOWN);
        Optional<ErrorInfo> info = errorInfo(status);
        String reason = info.map(ErrorInfo::getReason).filter(text -> !text.isEmpty()).orElse(code.name());
        Map<String, String> metadata = info.map(ErrorInfo::getMetadataMap).orElse(Map.of());
        String why = status.getMessage().isEmpty() ? reason : status.getMessage();
        return new Failure(exitCode(code, reason), what, why, metadata.getOrDefault(NEXT_STEP, advice(code)), reason,
                metadata);
    }

    static ExitCode exitCode(Code code, String reason) {
        if (reason.equals(NO_HOST_FITS)) {
            return ExitCode.CANNOT_BE_PLACED;
        }
        return switch (code) {
            case NOT_FOUND -> ExitCode.NOT_FOUND;
            case ALREADY_EXISTS, ABORTED, FAILED_PRECONDITION -> ExitCode.CONFLICT;
            case PERMISSION_DENIED, UNAUTHENTICATED, RESOURCE_EXHAUSTED -> ExitCode.DENIED;
            case DEADLINE_EXCEEDED -> ExitCode.TIMED_OUT;
            case OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
                    DATA_LOSS,
                    UNRECOGNIZED ->
                ExitCode.ERROR;
        };
    }

    private static Failure unreachable(StatusRuntimeException exception, String what, Endpoint endpoint) {
        Throwable cause = exception;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String why = "no controller answers at " + endpoint + " (" + firstLine(cause) + ")";
        return new Failure(ExitCode.ERROR, what, why,
                "start one with `drover controller`, or name yours: --controller HOST:PORT or DROVER_CONTROLLER; "
                        + "with TLS also --tls-dir or DROVER_TLS_DIR",
                Code.UNAVAILABLE.name(), Map.of("controller", endpoint.toString()));
    }

    private static String firstLine(Throwable cause) {
        String message = cause instanceof StatusRuntimeException status
                ? Optional.ofNullable(status.getStatus().getDescription()).orElse(status.getStatus().getCode().name())
                : Optional.ofNullable(cause.getMessage()).orElse(cause.getClass().getSimpleName());
        return message.lines().findFirst().orElse("");
    }

    private static Optional<ErrorInfo> errorInfo(Status status) {
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return Optional.of(detail.unpack(ErrorInfo.class));
                } catch (InvalidProtocolBufferException e) {
                    // The status itself still says what happened.
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    /** For servers that gave no next step. */
    private static String advice(Code code) {
        return switch (code) {
            case DEADLINE_EXCEEDED -> "try again; the controller may be busy or cut off from ZooKeeper";
            case INTERNAL, UNKNOWN -> "look at the controller's log";
            case UNAUTHENTICATED -> "give a client certificate: --tls-dir DIR (see `drover ca issue --help`)";
            default -> "";
        };
    }
}
