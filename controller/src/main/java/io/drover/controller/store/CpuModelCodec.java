package io.drover.controller.store;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.HostId;
import io.drover.proto.state.v1.CpuModelRecord;

/** CPU models as they are in ZooKeeper. */
final class CpuModelCodec {
    private CpuModelCodec() {}

    static byte[] encode(CpuModel model) {
        return CpuModelRecord.newBuilder().setFormat(Layout.FORMAT).setCpuModel(model.id().value())
                .addAllLeaves(CpuCodec.encode(model.cpu()))
                .addAllHosts(model.hosts().stream().map(HostId::value).toList()).setDescription(model.description())
                .setCreateTime(Timestamps.of(model.created())).setRequestId(model.requestId()).build().toByteArray();
    }

    static CpuModel decode(byte[] bytes) throws UnreadableRecordException {
        try {
            CpuModelRecord record = CpuModelRecord.parseFrom(bytes);
            Layout.requireFormat(record.getFormat());
            return new CpuModel(new CpuModelId(record.getCpuModel()),
                    CpuCodec.decode(record.getLeavesList())
                            .orElseThrow(() -> new IllegalArgumentException("it has no leaves")),
                    record.getHostsList().stream().map(HostId::new).toList(), record.getDescription(),
                    Timestamps.read(record.getCreateTime()), record.getRequestId());
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new UnreadableRecordException("CPU model record : " + bytes.length
                    + " bytes (expected: a CpuModelRecord): " + e.getMessage(), e);
        }
    }
}
