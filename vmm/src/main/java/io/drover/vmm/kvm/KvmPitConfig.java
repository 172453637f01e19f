package io.drover.vmm.kvm;

/** {@code struct kvm_pit_config} (linux/kvm.h). */
final class KvmPitConfig {
    static final long BYTES = 64;
    static final long FLAGS = 0;
    /** The PC speaker's port 0x61 is answered in the kernel too: guests calibrate their TSC by it. */
    static final int SPEAKER_DUMMY = 1;

    private KvmPitConfig() {}
}
