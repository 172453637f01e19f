package io.drover.vmm.kvm;

/** {@code struct kvm_pit_state2} (asm/kvm.h). */
public final class KvmPitState2 {
    public static final int BYTES = 112;

    private KvmPitState2() {}
}
