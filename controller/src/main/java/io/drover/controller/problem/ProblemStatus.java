package io.drover.controller.problem;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The one place that makes google.rpc.Status of problems. */
public final class ProblemStatus {
    private static final String DOMAIN = "drover.io";
    private static final long RETRY_SECONDS = 2;

    private ProblemStatus() {}

    public static Status of(Problem problem) {
        return switch (problem) {
            case Problem.Invalid(List<Problem.Violation> violations) -> status(Code.INVALID_ARGUMENT,
                    violations.stream()
                            .map(violation -> violation.field() + " : " + violation.description())
                            .collect(Collectors.joining("; ")),
                    info("INVALID_REQUEST", Map.of("field", violations.stream().map(Problem.Violation::field)
                            .collect(Collectors.joining(",")), "next_step", "mend the request")),
                    badRequest(violations));
            case Problem.NotFound(String resource) -> status(Code.NOT_FOUND, resource + " is not there",
                    info("NOT_FOUND", Map.of("resource", resource, "next_step", "list " + collection(resource)
                            + " to see what there is")));
            case Problem.AlreadyExists(String resource, String nextStep) -> status(Code.ALREADY_EXISTS,
                    resource + " exists already",
                    info("ALREADY_EXISTS", Map.of("resource", resource, "next_step", nextStep)));
            case Problem.NotNow(String reason, String resource, String message, String nextStep) ->
                status(Code.FAILED_PRECONDITION, message,
                        info(reason, Map.of("resource", resource, "next_step", nextStep)));
            case Problem.CannotMigrate(String resource, List<Problem.Obstacle> obstacles) ->
                status(Code.FAILED_PRECONDITION, resource + " cannot be moved: " + obstacles.stream()
                        .map(Problem.Obstacle::message).collect(Collectors.joining("; ")),
                        info(obstacles.size() == 1 ? obstacles.getFirst().reason() : "CANNOT_MIGRATE",
                                Map.of("resource", resource, "next_step",
                                        "mend that, or choose another host; validate_only tells whether it would work")),
                        preconditions(resource, obstacles));
            case Problem.RequestIdReused(String requestId, String resource) -> status(Code.FAILED_PRECONDITION,
                    "request id " + requestId + " was used for another request",
                    info("REQUEST_ID_REUSED", Map.of("resource", resource, "request_id", requestId, "next_step",
                            "make a new UUID for each request, and send it again only to repeat that request")));
            case Problem.RevisionTooOld(String revision) -> status(Code.OUT_OF_RANGE,
                    "revision " + revision + " is no longer known", info("REVISION_TOO_OLD",
                            Map.of("resource", "vms", "revision", revision, "next_step",
                                    "watch again without a revision")));
            case Problem.StoreAway(Instant since) -> status(Code.UNAVAILABLE,
                    "ZooKeeper has not answered since " + since + ": nothing can be changed, reads go on",
                    info("STORE_UNAVAILABLE", Map.of("resource", "zookeeper", "since", since.toString(), "next_step",
                            "send it again with the same request id; if it lasts, look at ZooKeeper")),
                    retry());
            case Problem.OutcomeUnknown(String resource) -> status(Code.UNAVAILABLE,
                    "the connection to ZooKeeper broke: it is not known whether the change happened",
                    info("OUTCOME_UNKNOWN", Map.of("resource", resource, "next_step",
                            "send it again with the same request id; without one, look at " + resource + " first")),
                    retry());
            case Problem.Contended(String resource) ->
                status(Code.ABORTED, resource + " was changed by others at the same time",
                        info("CONFLICT", Map.of("resource", resource, "next_step", "send it again")), retry());
            case Problem.HostSilent(String resource, String host, String message) -> status(Code.UNAVAILABLE,
                    host + " does not answer: " + message, info("HOST_UNREACHABLE",
                            Map.of("resource", resource, "host", host, "next_step",
                                    "look at " + host + ", then try again")),
                    retry());
            case Problem.Damaged(String resource, String message) -> status(Code.DATA_LOSS, message,
                    info("DAMAGED_UPLOAD", Map.of("resource", resource, "next_step", "upload the file again")));
            case Problem.DiskFull(String resource, String message) -> status(Code.RESOURCE_EXHAUSTED, message,
                    info("DISK_FULL", Map.of("resource", resource, "next_step",
                            "make room in the data folder of the controller, such as by deleting images")));
            case Problem.Denied(String message) -> status(Code.PERMISSION_DENIED, message,
                    info("ROLE_DENIED", Map.of("next_step", "use a certificate with the URI drover://client/<name>")));
            case Problem.Internal(String incident) -> status(Code.INTERNAL,
                    "the controller failed; its log has the details under " + incident,
                    info("INTERNAL",
                            Map.of("incident", incident, "next_step", "report the lines of the log with " + incident)));
        };
    }

    private static String collection(String resource) {
        int slash = resource.indexOf('/');
        return slash < 0 ? resource : resource.substring(0, slash);
    }

    private static Status status(Code code, String message, Message... details) {
        List<Any> packed = new ArrayList<>();
        for (Message detail : details) {
            packed.add(Any.pack(detail));
        }
        return Status.newBuilder().setCode(code.getNumber()).setMessage(message).addAllDetails(packed).build();
    }

    private static ErrorInfo info(String reason, Map<String, String> metadata) {
        return ErrorInfo.newBuilder().setDomain(DOMAIN).setReason(reason).putAllMetadata(metadata).build();
    }

    private static RetryInfo retry() {
        return RetryInfo.newBuilder().setRetryDelay(Duration.newBuilder().setSeconds(RETRY_SECONDS)).build();
    }

    private static PreconditionFailure preconditions(String resource, List<Problem.Obstacle> obstacles) {
        PreconditionFailure.Builder failure = PreconditionFailure.newBuilder();
        obstacles.forEach(obstacle -> failure.addViolations(PreconditionFailure.Violation.newBuilder()
                .setType(obstacle.reason()).setSubject(resource).setDescription(obstacle.message())));
        return failure.build();
    }

    private static BadRequest badRequest(List<Problem.Violation> violations) {
        BadRequest.Builder bad = BadRequest.newBuilder();
        violations.forEach(violation -> bad.addFieldViolations(BadRequest.FieldViolation.newBuilder()
                .setField(violation.field()).setDescription(violation.description())));
        return bad.build();
    }
}
