package io.drover.controller.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whose word an answer is. */
final class AnswersTest {
    private static StatusException from(String domain, Status.Code code, String reason) {
        return StatusProto.toStatusException(com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage("why")
                .addDetails(Any.pack(ErrorInfo.newBuilder().setDomain(domain).setReason(reason).build())).build());
    }

    @Test
    void refusalIsTheAgentsOnlyWithItsErrorInfo() {
        for (Status.Code code : List.of(Status.Code.RESOURCE_EXHAUSTED, Status.Code.INVALID_ARGUMENT,
                Status.Code.NOT_FOUND, Status.Code.FAILED_PRECONDITION, Status.Code.INTERNAL)) {
            StatusException transport = code.toStatus().withDescription("gRPC message exceeds maximum size")
                    .asException();
            assertThat(Answers.of(transport)).isInstanceOf(Answer.None.class);
            assertThat(Answers.of(from("example.com", code, "HOST_FAILED"))).isInstanceOf(Answer.None.class);
            assertThat(Answers.of(from("drover.io", code, "HOST_FAILED"))).isInstanceOf(Answer.Refused.class);
        }
        assertThat(Answers.of(from("drover.io", Status.Code.UNAVAILABLE, "ZOOKEEPER_AWAY")))
                .isInstanceOf(Answer.None.class);
    }

    @Test
    void reasonSaysWhatARefusalMeans() {
        Map<String, Answer.Why> meanings = Map.of("NOT_OWNER", Answer.Why.NOT_OWNER, "EPOCH_SPENT",
                Answer.Why.EPOCH_SPENT, "FILE_MISSING", Answer.Why.FILE_MISSING, "DRIVER_UNUSABLE",
                Answer.Why.HOST_CANNOT);
        meanings.forEach((reason, why) -> assertThat(
                Answers.of(from("drover.io", Status.Code.FAILED_PRECONDITION, reason)))
                .isEqualTo(new Answer.Refused<>(why, "why")));
        assertThat(Answers.of(from("drover.io", Status.Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT")))
                .isEqualTo(new Answer.Refused<>(Answer.Why.HOST_CANNOT, "why"));
        assertThat(Answers.of(from("drover.io", Status.Code.INTERNAL, "HOST_FAILED")))
                .isEqualTo(new Answer.Refused<>(Answer.Why.HOST_FAILED, "why"));
    }
}
