package io.drover.vmm.kvm;

/** {@code struct kvm_irqchip} (linux/kvm.h): a PIC or the IOAPIC. */
public final class KvmIrqchip {
    public static final int BYTES = 520;
    /** Which one: {@link KvmIrqRouting#PIC_MASTER} and so on. */
    static final long CHIP_ID = 0;

    private KvmIrqchip() {}
}
