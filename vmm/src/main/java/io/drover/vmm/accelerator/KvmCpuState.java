package io.drover.vmm.accelerator;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.SavedKvmCpu;
import io.drover.proto.vmm.v1.SavedMsr;
import io.drover.vmm.kvm.CarriedStruct;
import io.drover.vmm.kvm.KvmMpState;
import io.drover.vmm.kvm.KvmMsrs;
import io.drover.vmm.kvm.KvmVcpu;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * A vCPU's state out of KVM and into it. The order matters: to read the MP state runs what the local APIC has pending, so it
 * comes first; to set the registers clears pending exceptions, so the events come last; the APIC comes behind the segments, which
 * have its base, and before the MSRs, which have its timer's deadline.
 */
final class KvmCpuState {
    /** TSCs whose rates differ by less are the same: what crystals differ by. */
    private static final long TSC_TOLERANCE_PPM = 250;
    private static final long PPM = 1_000_000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Of struct kvm_lapic_state, which is the APIC's page (Intel SDM volume 3, 12.4.1). */
    private static final int APIC_IRR = 0x200;
    private static final int APIC_LVT_TIMER = 0x320;
    private static final int APIC_REGISTER_BYTES = 16;

    private final KvmVcpu vcpu;
    private final KvmSavedParts parts;

    KvmCpuState(KvmVcpu vcpu, KvmSavedParts parts) {
        this.vcpu = vcpu;
        this.parts = parts;
    }

    /** When the vCPU is out of the guest, between two instructions. */
    SavedKvmCpu save() throws SystemCallException {
        SavedKvmCpu.Builder saved = SavedKvmCpu.newBuilder().setMpState(vcpu.mpState())
                .setRegs(read(CarriedStruct.REGS));
        if (parts.sregs2()) {
            saved.setSregs2(read(CarriedStruct.SREGS2));
        } else {
            saved.setSregs(read(CarriedStruct.SREGS));
        }
        boolean longer = parts.xsaveBytes() > CarriedStruct.XSAVE.bytes();
        saved.setXsave(ByteString.copyFrom(
                vcpu.read(longer ? CarriedStruct.XSAVE2 : CarriedStruct.XSAVE, parts.xsaveBytes())));
        if (parts.xcrs()) {
            saved.setXcrs(read(CarriedStruct.XCRS));
        }
        saved.setDebugRegisters(read(CarriedStruct.DEBUGREGS));
        long deadline = deadline();
        byte[] apic = vcpu.read(CarriedStruct.LAPIC);
        saved.setLapic(ByteString.copyFrom(apic)).setTscKhz(vcpu.tscKhz());
        for (SavedMsr msr : msrs()) {
            boolean firedBetween = msr.getIndex() == KvmSavedParts.MSR_TSC_DEADLINE && msr.getValue() == 0
                    && deadline != 0 && !timerIsRequested(apic);
            saved.addMsrs(firedBetween ? msr.toBuilder().setValue(deadline).build() : msr);
        }
        return saved.setEvents(read(CarriedStruct.VCPU_EVENTS)).build();
    }

    private ByteString read(CarriedStruct struct) throws SystemCallException {
        return ByteString.copyFrom(vcpu.read(struct));
    }

    private long deadline() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            KvmMsrs msr = new KvmMsrs(arena, KvmSavedParts.MSR_TSC_DEADLINE);
            return vcpu.readMsrs(msr) == 1 ? msr.value(0) : 0;
        }
    }

    /** Whether the interrupt of the APIC's timer waits in it: then a deadline that has gone by is not lost. */
    private static boolean timerIsRequested(byte[] apic) {
        int vector = apic[APIC_LVT_TIMER] & 0xFF;
        int at = APIC_IRR + APIC_REGISTER_BYTES * (vector / Integer.SIZE) + vector % Integer.SIZE / Byte.SIZE;
        return (apic[at] & 1 << vector % Byte.SIZE) != 0;
    }

    /** Those that the vCPU has. */
    private List<SavedMsr> msrs() throws SystemCallException {
        List<SavedMsr> saved = new ArrayList<>();
        List<Integer> wanted = parts.msrs();
        int from = 0;
        while (from < wanted.size()) {
            int[] chunk = new int[Math.min(wanted.size() - from, KvmMsrs.MAX_ENTRIES)];
            for (int i = 0; i < chunk.length; i++) {
                chunk[i] = wanted.get(from + i);
            }
            try (Arena arena = Arena.ofConfined()) {
                KvmMsrs msrs = new KvmMsrs(arena, chunk);
                int read = vcpu.readMsrs(msrs);
                for (int i = 0; i < read; i++) {
                    saved.add(SavedMsr.newBuilder().setIndex(chunk[i]).setValue(msrs.value(i)).build());
                }
                // The one behind those is none of this vCPU's.
                from += Math.min(read + 1, chunk.length);
            }
        }
        return saved;
    }

    /**
     * Of a vCPU that has its CPUID and has never run.
     *
     * @param awayNanos
     *            how long after it was saved that is: its TSC has gone on meanwhile
     * @throws SavedStateException
     *             when this host cannot have such a vCPU; it is of no use then
     */
    void load(SavedKvmCpu saved, long awayNanos) throws SavedStateException, SystemCallException {
        setTscRate(saved.getTscKhz());
        vcpu.setMpState(SavedStates.inRange("MP state", saved.getMpState(), KvmMpState.RUNNABLE,
                KvmMpState.SIPI_RECEIVED));
        write(CarriedStruct.REGS, saved.getRegs());
        switch (saved.getSegmentsCase()) {
            case SREGS2 -> {
                if (!parts.sregs2()) {
                    throw new SavedStateException("saved state: SREGS2 (expected: a host whose KVM has KVM_CAP_SREGS2,"
                            + " Linux 5.14 or newer)");
                }
                write(CarriedStruct.SREGS2, saved.getSregs2());
            }
            case SREGS -> write(CarriedStruct.SREGS, saved.getSregs());
            case SEGMENTS_NOT_SET -> SavedStates.require(false, "segment registers");
        }
        if (saved.getXsave().size() < CarriedStruct.XSAVE.bytes() || saved.getXsave().size() > parts.xsaveBytes()) {
            throw new SavedStateException("saved state: XSAVE : " + saved.getXsave().size() + " bytes (expected: "
                    + CarriedStruct.XSAVE.bytes() + " to " + parts.xsaveBytes() + ", which this host's CPU has)");
        }
        vcpu.write(CarriedStruct.XSAVE, padded(saved.getXsave(), parts.xsaveBytes()));
        if (!saved.getXcrs().isEmpty()) {
            write(CarriedStruct.XCRS, saved.getXcrs());
        }
        write(CarriedStruct.DEBUGREGS, saved.getDebugRegisters());
        write(CarriedStruct.LAPIC, saved.getLapic());
        int khz = saved.getTscKhz() == 0 ? vcpu.tscKhz() : saved.getTscKhz();
        loadMsrs(saved.getMsrsList(), ticks(awayNanos, khz));
        write(CarriedStruct.VCPU_EVENTS, saved.getEvents());
    }

    private static byte[] padded(ByteString bytes, int length) {
        byte[] padded = new byte[length];
        bytes.copyTo(padded, 0);
        return padded;
    }

    private void write(CarriedStruct struct, ByteString value) throws SavedStateException, SystemCallException {
        vcpu.write(struct, SavedStates.ofLength("KVM's " + struct, value, struct.bytes()));
    }

    private void setTscRate(int khz) throws SavedStateException, SystemCallException {
        long host = vcpu.tscKhz();
        if (khz == 0 || host == 0 || Math.abs(host - khz) * PPM <= TSC_TOLERANCE_PPM * host) {
            return;
        }
        if (khz < 0 || !parts.tscControl()) {
            throw new SavedStateException("saved state: TSC : " + khz + " kHz (expected: " + host
                    + " kHz, as this host's, which cannot be scaled)");
        }
        vcpu.setTscKhz(khz);
    }

    /** In two steps, as nanoseconds times the rate would overflow within the hour. */
    static long ticks(long nanos, int khz) {
        return nanos / NANOS_PER_MILLI * khz + nanos % NANOS_PER_MILLI * khz / NANOS_PER_MILLI;
    }

    /** One by one where KVM does not take all together: some can be read, and set to nothing but what they are. */
    private void loadMsrs(List<SavedMsr> saved, long tscAhead) throws SavedStateException, SystemCallException {
        int from = 0;
        while (from < saved.size()) {
            List<SavedMsr> chunk = saved.subList(from, Math.min(saved.size(), from + KvmMsrs.MAX_ENTRIES));
            try (Arena arena = Arena.ofConfined()) {
                int[] indices = new int[chunk.size()];
                for (int i = 0; i < indices.length; i++) {
                    indices[i] = chunk.get(i).getIndex();
                }
                KvmMsrs msrs = new KvmMsrs(arena, indices);
                for (int i = 0; i < indices.length; i++) {
                    msrs.setValue(i, chunk.get(i).getValue()
                            + (indices[i] == KvmSavedParts.MSR_TSC ? tscAhead : 0));
                }
                int set = vcpu.writeMsrs(msrs);
                if (set < chunk.size()) {
                    checkAsItIs(chunk.get(set));
                    set++;
                }
                from += set;
            }
        }
    }

    private void checkAsItIs(SavedMsr refused) throws SavedStateException, SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            KvmMsrs msr = new KvmMsrs(arena, refused.getIndex());
            boolean readable = vcpu.readMsrs(msr) == 1;
            if (readable ? msr.value(0) != refused.getValue() : refused.getValue() != 0) {
                throw new SavedStateException("saved state: MSR 0x" + Integer.toHexString(refused.getIndex()) + " : 0x"
                        + Long.toHexString(refused.getValue()) + " (expected: "
                        + (readable ? "0x" + Long.toHexString(msr.value(0)) + ", as this host's KVM has it for good)"
                                : "one that this host's KVM has)"));
            }
        }
    }
}
