package io.drover.controller.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.drover.controller.record.HostId;
import io.drover.controller.record.RecordKey;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.VmId;
import io.drover.proto.state.v1.TaskRecord;
import java.time.Instant;
import java.util.HexFormat;

/** Tasks as they are in ZooKeeper. */
public final class TaskCodec {
    private TaskCodec() {}

    static byte[] encode(Task task) {
        TaskRecord.Builder record = TaskRecord.newBuilder().setFormat(Layout.FORMAT).setTask(task.id().value())
                .setMethod(task.method()).setTarget(task.target().resourceName()).setTargetUid(task.targetUid())
                .setTargetGeneration(task.targetGeneration()).setRequestId(task.requestId())
                .setRequestFingerprint(ByteString.copyFrom(HexFormat.of().parseHex(task.fingerprint().hex())))
                .setCreateTime(Timestamps.of(task.created())).setCancelRequested(task.cancelRequested());
        switch (task.state()) {
            case Task.State.Running() -> record.setState(TaskRecord.State.RUNNING);
            case Task.State.Succeeded(Instant at) ->
                record.setState(TaskRecord.State.SUCCEEDED).setEndTime(Timestamps.of(at));
            case Task.State.Failed(Task.Fault fault, Instant at) -> record.setState(TaskRecord.State.FAILED)
                    .setError(status(task, fault)).setEndTime(Timestamps.of(at));
            case Task.State.Cancelled(Task.Fault fault, Instant at) -> record.setState(TaskRecord.State.CANCELLED)
                    .setError(status(task, fault)).setEndTime(Timestamps.of(at));
        }
        return record.build().toByteArray();
    }

    /** The fault as google.rpc.Status, the form that the API shows. */
    public static com.google.rpc.Status status(Task task, Task.Fault fault) {
        ErrorInfo.Builder info = ErrorInfo.newBuilder().setDomain("drover.io").setReason(fault.reason())
                .putMetadata("resource", task.target().resourceName());
        if (!fault.nextStep().isEmpty()) {
            info.putMetadata("next_step", fault.nextStep());
        }
        return com.google.rpc.Status.newBuilder().setCode(fault.code()).setMessage(fault.message())
                .addDetails(Any.pack(info.build())).build();
    }

    static Task decode(byte[] bytes) throws UnreadableRecordException {
        try {
            TaskRecord record = TaskRecord.parseFrom(bytes);
            Layout.requireFormat(record.getFormat());
            return new Task(new TaskId(record.getTask()), record.getMethod(),
                    target(record.getTarget()), record.getTargetUid(),
                    record.getTargetGeneration(),
                    record.getRequestId(),
                    new Sha256(HexFormat.of().formatHex(record.getRequestFingerprint().toByteArray())), state(record),
                    Timestamps.read(record.getCreateTime()), record.getCancelRequested());
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new UnreadableRecordException("task record : " + bytes.length + " bytes (expected: a TaskRecord): "
                    + e.getMessage(), e);
        }
    }

    private static RecordKey target(String name) {
        String id = name.substring(name.indexOf('/') + 1);
        if (name.equals(VmId.COLLECTION + "/" + id)) {
            return new VmId(id);
        }
        if (name.equals(HostId.COLLECTION + "/" + id)) {
            return new HostId(id);
        }
        throw new IllegalArgumentException("target : " + name + " (expected: vms/… or hosts/…)");
    }

    private static Task.State state(TaskRecord record) throws InvalidProtocolBufferException {
        Instant end = Timestamps.read(record.getEndTime());
        return switch (record.getState()) {
            case RUNNING -> new Task.State.Running();
            case SUCCEEDED -> new Task.State.Succeeded(end);
            case FAILED -> new Task.State.Failed(fault(record.getError()), end);
            case CANCELLED -> new Task.State.Cancelled(fault(record.getError()), end);
            case STATE_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("state : " + record.getStateValue());
        };
    }

    private static Task.Fault fault(com.google.rpc.Status status) throws InvalidProtocolBufferException {
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                ErrorInfo info = detail.unpack(ErrorInfo.class);
                return new Task.Fault(status.getCode(), info.getReason(), status.getMessage(),
                        info.getMetadataOrDefault("next_step", ""));
            }
        }
        return new Task.Fault(status.getCode(), "UNKNOWN", status.getMessage(), "");
    }
}
