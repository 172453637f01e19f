package io.drover.vmm.kvm;

/** What KVM may or may not offer (linux/kvm.h, KVM_CAP_…). */
public enum Capability {
    IRQCHIP("KVM_CAP_IRQCHIP", 0),
    USER_MEMORY("KVM_CAP_USER_MEMORY", 3),
    SET_TSS_ADDR("KVM_CAP_SET_TSS_ADDR", 4),
    EXT_CPUID("KVM_CAP_EXT_CPUID", 7),
    /** How many vCPUs a VM should have at most. */
    NR_VCPUS("KVM_CAP_NR_VCPUS", 9),
    /** How many routes a VM can have. */
    IRQ_ROUTING("KVM_CAP_IRQ_ROUTING", 25),
    MP_STATE("KVM_CAP_MP_STATE", 14),
    DESTROY_MEMORY_REGION_WORKS("KVM_CAP_DESTROY_MEMORY_REGION_WORKS", 21),
    IRQFD("KVM_CAP_IRQFD", 32),
    PIT2("KVM_CAP_PIT2", 33),
    IOEVENTFD("KVM_CAP_IOEVENTFD", 36),
    SET_IDENTITY_MAP_ADDR("KVM_CAP_SET_IDENTITY_MAP_ADDR", 37),
    /** How many vCPUs a VM can have. */
    MAX_VCPUS("KVM_CAP_MAX_VCPUS", 66),
    XSAVE("KVM_CAP_XSAVE", 55),
    XCRS("KVM_CAP_XCRS", 56),
    TSC_CONTROL("KVM_CAP_TSC_CONTROL", 60),
    GET_TSC_KHZ("KVM_CAP_GET_TSC_KHZ", 61),
    TSC_DEADLINE_TIMER("KVM_CAP_TSC_DEADLINE_TIMER", 72),
    /** A length of 0 stands for a write of any size. */
    IOEVENTFD_ANY_LENGTH("KVM_CAP_IOEVENTFD_ANY_LENGTH", 122),
    IMMEDIATE_EXIT("KVM_CAP_IMMEDIATE_EXIT", 136),
    /** Which of its flags there are. */
    MANUAL_DIRTY_LOG_PROTECT2("KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2", 168),
    SREGS2("KVM_CAP_SREGS2", 200),
    /** How long the struct is. */
    XSAVE2("KVM_CAP_XSAVE2", 208);

    private final String kernelName;
    private final int number;

    Capability(String kernelName, int number) {
        this.kernelName = kernelName;
        this.number = number;
    }

    /** As the kernel's documentation has it. */
    public String kernelName() {
        return kernelName;
    }

    int number() {
        return number;
    }
}
