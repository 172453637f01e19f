package io.drover.controller.task;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.View;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * What makes a request known again: the task of a repeated request has the same id, whichever controller it comes to.
 *
 * @param requestId empty: it will not be repeated
 * @param fingerprint of all that the request says besides
 */
public record RequestMark(String method, String requestId, Sha256 fingerprint) {
    private static final int ID_DIGITS = 26;

    /**
     * The mark of a request.
     *
     * @param withoutId the request, its request id cleared
     */
    public static RequestMark of(String method, String requestId, Message withoutId) {
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

    /** The id of its task: another one each time, for a request that has no id. */
    public TaskId task() {
        String seed = requestId.isEmpty() ? UUID.randomUUID().toString() : method + '\n' + requestId;
        return new TaskId("t-" + Sha256.of(seed.getBytes(StandardCharsets.UTF_8)).hex().substring(0, ID_DIGITS));
    }

    /**
     * The task of an earlier arrival of the same request.
     *
     * @throws ProblemException when the request id was used for another request
     */
    public Optional<Task> earlier(TaskId id, View view) throws ProblemException {
        Optional<Task> task = view.task(id).map(Versioned::value);
        if (task.isPresent() && !task.get().fingerprint().equals(fingerprint)) {
            throw new ProblemException(new Problem.RequestIdReused(requestId, id.resourceName()));
        }
        return task;
    }

    /** The task of this request on a VM. */
    public Task begun(TaskId id, Vm vm, Task.State state, Instant now) {
        Task task = new Task(id, method, vm.id(), vm.uid(), vm.generation(), requestId, fingerprint, state, now, false);
        return task.ofDevices() ? task.onDevices(vm.devices().generation()) : task;
    }

    /** The task of this request on a host. */
    public Task begun(TaskId id, HostId host, Task.State state, Instant now) {
        return new Task(id, method, host, "", 0, requestId, fingerprint, state, now, false);
    }
}
