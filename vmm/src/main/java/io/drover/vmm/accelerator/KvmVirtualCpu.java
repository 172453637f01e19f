package io.drover.vmm.accelerator;

import io.drover.proto.vmm.v1.SavedCpu;
import io.drover.proto.vmm.v1.SavedCpuidEntry;
import io.drover.vmm.boot.EntryState;
import io.drover.vmm.boot.SegmentState;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.kvm.KvmRegs;
import io.drover.vmm.kvm.KvmRegs.Register;
import io.drover.vmm.kvm.KvmRun;
import io.drover.vmm.kvm.KvmSregs;
import io.drover.vmm.kvm.KvmSregs.Control;
import io.drover.vmm.kvm.KvmSregs.SegmentRegister;
import io.drover.vmm.kvm.KvmVcpu;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.KickSignal;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A vCPU of KVM's. A kick sets immediate_exit and then sends a signal, in this order: a vCPU that was about to enter finds the
 * flag, one that is within finds the signal. The signal is let in by KVM_SET_SIGNAL_MASK only, and consumed when KVM_RUN has
 * returned EINTR; one that comes late makes a later KVM_RUN return once more, which does no harm.
 */
final class KvmVirtualCpu implements VirtualCpu {
    private static final int UNBOUND = 0;
    private static final List<SegmentRegister> DATA_SEGMENTS = List.of(SegmentRegister.DS, SegmentRegister.ES,
            SegmentRegister.FS, SegmentRegister.GS, SegmentRegister.SS);
    /** Of {@link KvmSregs#setSegment}. */
    private static final int CODE_OR_DATA = 1 << 4;
    private static final int PRESENT = 1 << 7;
    private static final int LONG_MODE = 1 << 13;
    private static final int WIDE = 1 << 14;
    private static final int PAGE_GRANULAR = 1 << 15;

    private final int index;
    private final KvmVcpu vcpu;
    private final KvmRun exit;
    private final IoBus ports;
    private final IoBus mmio;
    private final List<CpuidEntry> cpuid;
    private final PartsSource savedParts;
    private final AtomicLong exits = new AtomicLong();
    private final Arena arena = Arena.ofShared();
    private final KickSignal.Drain kicks = new KickSignal.Drain(arena);
    private final Object binding = new Object();
    /** The kernel's number of the owner thread, so that no kick goes to a thread that is gone; guarded by {@link #binding}. */
    private int owner = UNBOUND;

    /** Tells what this host's KVM has of a state. */
    @FunctionalInterface
    interface PartsSource {
        KvmSavedParts get() throws SystemCallException;
    }

    KvmVirtualCpu(int index, KvmVcpu vcpu, IoBus ports, IoBus mmio, List<CpuidEntry> cpuid, PartsSource savedParts) {
        this.cpuid = List.copyOf(cpuid);
        this.savedParts = savedParts;
        this.index = index;
        this.vcpu = vcpu;
        this.exit = vcpu.exit();
        this.ports = ports;
        this.mmio = mmio;
    }

    @Override
    public void setEntry(EntryState entry) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            KvmSregs sregs = new KvmSregs(temporary);
            vcpu.readSregs(sregs);
            sregs.set(Control.CR0, entry.cr0());
            sregs.set(Control.CR3, entry.cr3());
            sregs.set(Control.CR4, entry.cr4());
            sregs.set(Control.EFER, entry.efer());
            sregs.setGdt(entry.gdtBase(), entry.gdtLimit());
            setSegment(sregs, SegmentRegister.CS, entry.code());
            for (SegmentRegister register : DATA_SEGMENTS) {
                setSegment(sregs, register, entry.data());
            }
            setSegment(sregs, SegmentRegister.TR, entry.task());
            vcpu.writeSregs(sregs);
            KvmRegs regs = new KvmRegs(temporary);
            regs.set(Register.RIP, entry.rip());
            regs.set(Register.RBX, entry.rbx());
            regs.set(Register.RSI, entry.rsi());
            regs.set(Register.RFLAGS, EntryState.RFLAGS);
            vcpu.writeRegs(regs);
        }
    }

    private static void setSegment(KvmSregs sregs, SegmentRegister register, SegmentState segment) {
        int flags = segment.type() | PRESENT | (segment.codeOrData() ? CODE_OR_DATA : 0)
                | (segment.longMode() ? LONG_MODE : 0) | (segment.wide() ? WIDE : 0)
                | (segment.pageGranular() ? PAGE_GRANULAR : 0);
        sregs.setSegment(register, segment.selector(), segment.base(), (int) segment.limit(), flags);
    }

    @Override
    public void bind() throws SystemCallException {
        long maskInGuest = KickSignal.block();
        vcpu.setSignalMask(maskInGuest);
        synchronized (binding) {
            owner = KickSignal.currentThread();
        }
    }

    @Override
    public void unbind() {
        synchronized (binding) {
            owner = UNBOUND;
        }
        kicks.run();
    }

    @Override
    public void kick() {
        synchronized (binding) {
            exit.setImmediateExit(true);
            if (owner != UNBOUND) {
                KickSignal.send(owner);
            }
        }
    }

    @Override
    public RunOutcome run() throws SystemCallException {
        int result = vcpu.run();
        if (result < 0) {
            return withoutExit(result);
        }
        exits.setRelease(exits.getPlain() + 1);
        return switch (exit.exitReason()) {
            case KvmRun.EXIT_IO -> portAccess();
            case KvmRun.EXIT_MMIO -> memoryAccess();
            case KvmRun.EXIT_INTR, KvmRun.EXIT_IRQ_WINDOW_OPEN -> RunOutcome.CONTINUE;
            case KvmRun.EXIT_SHUTDOWN -> RunOutcome.TRIPLE_FAULT;
            case KvmRun.EXIT_SYSTEM_EVENT -> switch (exit.systemEventType()) {
                case KvmRun.SYSTEM_EVENT_SHUTDOWN -> RunOutcome.POWER_OFF;
                case KvmRun.SYSTEM_EVENT_RESET -> RunOutcome.RESET;
                case KvmRun.SYSTEM_EVENT_CRASH -> RunOutcome.CRASH;
                default -> RunOutcome.FAILED;
            };
            default -> RunOutcome.FAILED;
        };
    }

    @Override
    public void settle() throws SystemCallException {
        exit.setImmediateExit(true);
        int result;
        do {
            // The exit that this may bring is of an instruction with several accesses: answer it as any.
            result = vcpu.run();
            if (result == 0 && exit.exitReason() == KvmRun.EXIT_IO) {
                portAccess();
            } else if (result == 0 && exit.exitReason() == KvmRun.EXIT_MMIO) {
                memoryAccess();
            } else if (result == 0) {
                return;
            }
        } while (result == 0);
        withoutExit(result);
    }

    @Override
    public SavedCpu save() throws SystemCallException {
        SavedCpu.Builder saved = SavedCpu.newBuilder().setVersion(SavedStates.VERSION);
        for (CpuidEntry entry : cpuid) {
            saved.addCpuid(SavedCpuidEntry.newBuilder().setFunction(entry.function()).setIndex(entry.index())
                    .setFlags(entry.flags()).setEax(entry.eax()).setEbx(entry.ebx()).setEcx(entry.ecx())
                    .setEdx(entry.edx()));
        }
        return saved.setKvm(new KvmCpuState(vcpu, savedParts.get()).save()).build();
    }

    @Override
    public void load(SavedCpu saved, long awayNanos) throws SavedStateException, SystemCallException {
        SavedStates.require(saved.hasKvm(), "CPU " + index + " of KVM's");
        new KvmCpuState(vcpu, savedParts.get()).load(saved.getKvm(), awayNanos);
    }

    @Override
    public void tellStopped() {
        vcpu.tellStopped();
    }

    @Override
    public long exits() {
        return exits.getAcquire();
    }

    @Override
    public void close() {
        vcpu.close();
        arena.close();
    }

    private RunOutcome withoutExit(int result) throws SystemCallException {
        return switch (-result) {
            case Errno.EINTR -> {
                exit.setImmediateExit(false);
                kicks.run();
                yield RunOutcome.INTERRUPTED;
            }
            case Errno.EAGAIN -> RunOutcome.CONTINUE;
            default -> throw new SystemCallException("KVM_RUN", "vcpu " + index, -result);
        };
    }

    private RunOutcome portAccess() {
        int port = exit.ioPort();
        int bytes = exit.ioBytes();
        int count = exit.ioCount();
        if (exit.ioIsOut()) {
            for (int access = 0; access < count; access++) {
                ports.write(port, bytes, exit.ioValue(access, bytes));
            }
        } else {
            for (int access = 0; access < count; access++) {
                exit.setIoValue(access, bytes, ports.read(port, bytes));
            }
        }
        return RunOutcome.CONTINUE;
    }

    private RunOutcome memoryAccess() {
        int bytes = exit.mmioBytes();
        if (exit.mmioIsWrite()) {
            mmio.write(exit.mmioAddress(), bytes, exit.mmioValue(bytes));
        } else {
            exit.setMmioValue(bytes, mmio.read(exit.mmioAddress(), bytes));
        }
        return RunOutcome.CONTINUE;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder("vcpu ").append(index).append(": ").append(exit.describe());
        try (Arena temporary = Arena.ofConfined()) {
            KvmRegs regs = new KvmRegs(temporary);
            vcpu.readRegs(regs);
            for (Register register : Register.values()) {
                append(text, register.name(), regs.get(register));
            }
            KvmSregs sregs = new KvmSregs(temporary);
            vcpu.readSregs(sregs);
            for (Control register : Control.values()) {
                append(text, register.name(), sregs.get(register));
            }
            append(text, "CS", sregs.selector(SegmentRegister.CS));
            append(text, "CS.base", sregs.base(SegmentRegister.CS));
        } catch (IOException e) {
            text.append(" (no registers: ").append(e.getMessage()).append(')');
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String name, long value) {
        text.append(' ').append(name).append("=0x").append(Long.toHexString(value));
    }
}
