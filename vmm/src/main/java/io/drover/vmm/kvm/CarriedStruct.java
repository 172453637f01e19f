package io.drover.vmm.kvm;

/**
 * A struct of a vCPU's state that is read from one vCPU and written to another as it is (asm/kvm.h): part of KVM's ABI, so that
 * it means the same to any kernel that takes it.
 */
public enum CarriedStruct {
    REGS("REGS", Request.GET_REGS, Request.SET_REGS, KvmRegs.BYTES),
    SREGS("SREGS", Request.GET_SREGS, Request.SET_SREGS, KvmSregs.BYTES),
    /** With what a guest with PAE has in its page directory pointers. Needs {@link Capability#SREGS2}. */
    SREGS2("SREGS2", Request.GET_SREGS2, Request.SET_SREGS2, 320),
    /** Without what {@link #XSAVE2} may have behind it. */
    XSAVE("XSAVE", Request.GET_XSAVE, Request.SET_XSAVE, 4096),
    /** As long as {@link Capability#XSAVE2} says, which is at least as long as {@link #XSAVE}; written as that is. */
    XSAVE2("XSAVE2", Request.GET_XSAVE2, Request.SET_XSAVE, 4096),
    XCRS("XCRS", Request.GET_XCRS, Request.SET_XCRS, 392),
    DEBUGREGS("DEBUGREGS", Request.GET_DEBUGREGS, Request.SET_DEBUGREGS, 128),
    LAPIC("LAPIC", Request.GET_LAPIC, Request.SET_LAPIC, 1024),
    VCPU_EVENTS("VCPU_EVENTS", Request.GET_VCPU_EVENTS, Request.SET_VCPU_EVENTS, 64);

    private final String call;
    private final long get;
    private final long set;
    private final int bytes;

    CarriedStruct(String call, long get, long set, long bytes) {
        this.call = call;
        this.get = get;
        this.set = set;
        this.bytes = (int) bytes;
    }

    /** How long it is, or at least. */
    public int bytes() {
        return bytes;
    }

    String getCall() {
        return "KVM_GET_" + call;
    }

    String setCall() {
        return "KVM_SET_" + call;
    }

    long get() {
        return get;
    }

    long set() {
        return set;
    }
}
