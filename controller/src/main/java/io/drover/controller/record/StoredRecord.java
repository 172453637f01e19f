package io.drover.controller.record;

/** A record that the controller writes. Immutable; a change is a new record, put by compare-and-set. */
public sealed interface StoredRecord permits Vm, Host, Image, CpuModel, Task {
    RecordKey id();
}
