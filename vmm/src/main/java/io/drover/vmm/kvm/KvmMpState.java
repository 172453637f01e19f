package io.drover.vmm.kvm;

/** {@code struct kvm_mp_state} (linux/kvm.h): where a vCPU is between reset and running. */
public final class KvmMpState {
    static final long BYTES = 4;

    public static final int RUNNABLE = 0;
    /** Waits for INIT. */
    public static final int UNINITIALIZED = 1;
    /** Waits for SIPI. */
    public static final int INIT_RECEIVED = 2;
    public static final int HALTED = 3;
    public static final int SIPI_RECEIVED = 4;

    private KvmMpState() {}
}
