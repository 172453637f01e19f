package io.drover.vmm.kvm;

import io.drover.vmm.cpuid.CpuidEntry;
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

    /** After the thread that ran it has ended. */
    @Override
    public void close() {
        arena.close();
        vcpu.close();
    }
}
