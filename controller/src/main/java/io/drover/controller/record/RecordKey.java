package io.drover.controller.record;

/** What names one record in the store. */
public sealed interface RecordKey permits VmId, HostId, ImageId, CpuModelId, TaskId {
    /** The last part of the name. */
    String value();

    /** The name in the public API, such as {@code vms/web-1}. */
    String resourceName();
}
