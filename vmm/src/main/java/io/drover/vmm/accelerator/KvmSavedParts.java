package io.drover.vmm.accelerator;

import io.drover.vmm.kvm.Capability;
import io.drover.vmm.kvm.CarriedStruct;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.linux.SystemCallException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What this host's KVM has of a vCPU's state.
 *
 * @param sregs2
 *            whether there is KVM_GET_SREGS2
 * @param xsaveBytes
 *            of struct kvm_xsave
 * @param xcrs
 *            whether there is KVM_GET_XCRS
 * @param tscControl
 *            whether a vCPU's TSC can have another rate than the host's
 * @param msrs
 *            those to be saved, the TSC first and its deadline last; a vCPU may lack some
 */
record KvmSavedParts(boolean sregs2, int xsaveBytes, boolean xcrs, boolean tscControl, List<Integer> msrs) {
    /** Intel SDM volume 4. */
    static final int MSR_TSC = 0x10;
    static final int MSR_TSC_DEADLINE = 0x6E0;

    private static final int MSR_TSX_CTRL = 0x122;
    private static final int MSR_XSS = 0xDA0;
    /** MTRRs: variable, fixed, and the default type. */
    private static final int MTRR_VARIABLE_FIRST = 0x200;
    private static final int MTRR_VARIABLE_LAST = 0x20F;
    private static final int[] MTRRS = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F,
            0x2FF};
    /** KVM's own (Documentation/virt/kvm/x86/msr.rst). */
    private static final int KVM_FIRST = 0x4B56_4D00;
    private static final int KVM_LAST = 0x4B56_4DFF;
    /** The wall clock and the system time as they were first, kept for old kernels. */
    private static final int[] KVM_OLD = {0x11, 0x12};

    static KvmSavedParts of(Kvm kvm) throws SystemCallException {
        return new KvmSavedParts(kvm.check(Capability.SREGS2) != 0,
                Math.max(kvm.check(Capability.XSAVE2), CarriedStruct.XSAVE.bytes()), kvm.check(Capability.XCRS) != 0,
                kvm.check(Capability.TSC_CONTROL) != 0, msrs(kvm.msrIndices()));
    }

    /** KVM's list lacks some that it has, more of them the older it is. */
    private static List<Integer> msrs(int[] listed) {
        Set<Integer> all = new LinkedHashSet<>();
        all.add(MSR_TSC);
        for (int index : listed) {
            all.add(index);
        }
        all.add(MSR_XSS);
        all.add(MSR_TSX_CTRL);
        for (int index = MTRR_VARIABLE_FIRST; index <= MTRR_VARIABLE_LAST; index++) {
            all.add(index);
        }
        for (int index : MTRRS) {
            all.add(index);
        }
        for (int index : KVM_OLD) {
            all.add(index);
        }
        for (int index = KVM_FIRST; index <= KVM_LAST; index++) {
            all.add(index);
        }
        all.remove(MSR_TSC_DEADLINE);
        all.add(MSR_TSC_DEADLINE);
        return List.copyOf(all);
    }
}
