package io.drover.vmm.kvm;

/** {@code struct kvm_signal_mask} (linux/kvm.h), with the kernel's own mask of 64 signals behind it. */
final class KvmSignalMask {
    static final long HEADER_BYTES = 4;
    static final long LEN = 0;
    static final long SIGSET = 4;
    static final int SIGSET_BYTES = 8;

    private KvmSignalMask() {}
}
