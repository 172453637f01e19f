package io.drover.controller.vm;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.TaskId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * What makes a request known again: the task of a repeated request has the same id, whichever controller it comes to.
 *
 * @param requestId empty: it will not be repeated
 * @param fingerprint of all that the request says besides
 */
record RequestMark(String method, String requestId, Sha256 fingerprint) {
    private static final int ID_DIGITS = 26;

    /**
     * The mark of a request.
     *
     * @param withoutId the request, its request id cleared
     */
    static RequestMark of(String method, String requestId, Message withoutId) {
        byte[] bytes = new byte[withoutId.getSerializedSize()];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        // Maps have no order of their own.
        out.useDeterministicSerialization();
        try {
            withoutId.writeTo(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("writing into an array of the right size", e);
        }
        return new RequestMark(method, requestId, Sha256.of(bytes));
    }

    TaskId task() {
        String seed = requestId.isEmpty() ? UUID.randomUUID().toString() : method + '\n' + requestId;
        return new TaskId("t-" + Sha256.of(seed.getBytes(StandardCharsets.UTF_8)).hex().substring(0, ID_DIGITS));
    }
}
