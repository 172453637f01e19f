package io.drover.vmm.kvm;

/** {@code struct kvm_clock_data} (linux/kvm.h). */
final class KvmClockData {
    static final long BYTES = 48;
    static final long CLOCK = 0;
    static final long FLAGS = 8;

    private KvmClockData() {}
}
