package io.drover.vmm.kvm;

import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * One vCPU: the vCPU ioctls. KVM wants them on one thread, the one that runs it; before that one has started, on the thread that
 * created it.
 */
public final class KvmVcpu implements AutoCloseable {
    private final FileHandle vcpu;
    private final Arena arena;
    private final KvmRun run;

    private KvmVcpu(FileHandle vcpu, Arena arena, KvmRun run) {
        this.vcpu = vcpu;
        this.arena = arena;
        this.run = run;
    }

    static KvmVcpu map(FileHandle vcpu, long runBytes) throws SystemCallException {
        Arena arena = Arena.ofShared();
        try {
            return new KvmVcpu(vcpu, arena, new KvmRun(vcpu.map(runBytes, arena)));
        } catch (SystemCallException e) {
            arena.close();
            throw e;
        }
    }

    /**
     * KVM_RUN. Allocates nothing.
     *
     * @return 0 when {@link #exit} says why it came out, or the negative error number: EINTR for a kick or an immediate exit,
     *         EAGAIN when a vCPU that waited for SIPI has got it
     */
    public int run() {
        return (int) vcpu.ioctl(Request.RUN, 0);
    }

    /** Why the last {@link #run} returned 0. */
    public KvmRun exit() {
        return run;
    }

    /** KVM_SET_CPUID2. Before the first run and before MSRs are set. */
    public void setCpuid(List<CpuidEntry> entries) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            vcpu.ioctl("KVM_SET_CPUID2", vcpu + " nent=" + entries.size(), Request.SET_CPUID2,
                    KvmCpuid.of(temporary, entries));
        }
    }

    /** KVM_SET_SIGNAL_MASK: the signals that are blocked within {@link #run}, as a set of the kernel's. */
    public void setSignalMask(long blocked) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment mask = temporary.allocate(KvmSignalMask.SIGSET + KvmSignalMask.SIGSET_BYTES, 8);
            mask.set(ValueLayout.JAVA_INT, KvmSignalMask.LEN, KvmSignalMask.SIGSET_BYTES);
            mask.set(ValueLayout.JAVA_LONG_UNALIGNED, KvmSignalMask.SIGSET, blocked);
            vcpu.ioctl("KVM_SET_SIGNAL_MASK", vcpu + " 0x" + Long.toHexString(blocked), Request.SET_SIGNAL_MASK, mask);
        }
    }

    /** KVM_GET_REGS. */
    public void readRegs(KvmRegs into) throws SystemCallException {
        vcpu.ioctl("KVM_GET_REGS", vcpu.toString(), Request.GET_REGS, into.struct());
    }

    /** KVM_SET_REGS. Clears a pending exception. */
    public void writeRegs(KvmRegs from) throws SystemCallException {
        vcpu.ioctl("KVM_SET_REGS", vcpu.toString(), Request.SET_REGS, from.struct());
    }

    /** KVM_GET_SREGS. */
    public void readSregs(KvmSregs into) throws SystemCallException {
        vcpu.ioctl("KVM_GET_SREGS", vcpu.toString(), Request.GET_SREGS, into.struct());
    }

    /** KVM_SET_SREGS. */
    public void writeSregs(KvmSregs from) throws SystemCallException {
        vcpu.ioctl("KVM_SET_SREGS", vcpu.toString(), Request.SET_SREGS, from.struct());
    }

    /** KVM_GET_MP_STATE: one of {@link KvmMpState}'s. Runs what the local APIC has pending. */
    public int mpState() throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment state = temporary.allocate(KvmMpState.BYTES, 4);
            vcpu.ioctl("KVM_GET_MP_STATE", vcpu.toString(), Request.GET_MP_STATE, state);
            return state.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** KVM_SET_MP_STATE. */
    public void setMpState(int state) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            vcpu.ioctl("KVM_SET_MP_STATE", vcpu + " " + state, Request.SET_MP_STATE,
                    temporary.allocateFrom(ValueLayout.JAVA_INT, state));
        }
    }

    /** KVM_GET_…. */
    public byte[] read(CarriedStruct struct) throws SystemCallException {
        return read(struct, struct.bytes());
    }

    /** KVM_GET_…, of a struct that is longer. */
    public byte[] read(CarriedStruct struct, int bytes) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment into = temporary.allocate(bytes, 16);
            vcpu.ioctl(struct.getCall(), vcpu.toString(), struct.get(), into);
            return into.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /**
     * KVM_SET_….
     *
     * @param value
     *            as {@link #read} gave it, here or on another host
     */
    public void write(CarriedStruct struct, byte[] value) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment from = temporary.allocate(value.length, 16);
            from.copyFrom(MemorySegment.ofArray(value));
            vcpu.ioctl(struct.setCall(), vcpu.toString(), struct.set(), from);
        }
    }

    /**
     * KVM_GET_MSRS.
     *
     * @return how many were read, from the start: fewer than there are when the next one cannot be
     */
    public int readMsrs(KvmMsrs msrs) throws SystemCallException {
        return (int) vcpu.ioctl("KVM_GET_MSRS", vcpu + " nmsrs=" + msrs.count(), Request.GET_MSRS,
                msrs.struct().address());
    }

    /**
     * KVM_SET_MSRS.
     *
     * @return how many were set, from the start: fewer than there are when the next one cannot be set to its value
     */
    public int writeMsrs(KvmMsrs msrs) throws SystemCallException {
        return (int) vcpu.ioctl("KVM_SET_MSRS", vcpu + " nmsrs=" + msrs.count(), Request.SET_MSRS,
                msrs.struct().address());
    }

    /** KVM_GET_TSC_KHZ: 0 when the host's TSC has no one rate. */
    public int tscKhz() {
        return (int) Math.max(vcpu.ioctl(Request.GET_TSC_KHZ, 0), 0);
    }

    /** KVM_SET_TSC_KHZ. */
    public void setTscKhz(int khz) throws SystemCallException {
        vcpu.ioctl("KVM_SET_TSC_KHZ", vcpu + " " + khz, Request.SET_TSC_KHZ, khz);
    }

    /** KVM_KVMCLOCK_CTRL: tells a guest that uses kvmclock that it was stopped; does nothing to others. */
    public void tellStopped() {
        long expected = vcpu.ioctl(Request.KVMCLOCK_CTRL, 0);
        if (expected != 0 && expected != -Errno.EINVAL) {
            throw new IllegalStateException("KVM_KVMCLOCK_CTRL " + vcpu + " : " + expected);
        }
    }

    /** After the thread that ran it has ended. */
    @Override
    public void close() {
        arena.close();
        vcpu.close();
    }
}
