package io.drover.vmm.selftest;

import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.kvm.KvmRegs;
import io.drover.vmm.kvm.KvmRegs.Register;
import io.drover.vmm.kvm.KvmRun;
import io.drover.vmm.kvm.KvmSregs;
import io.drover.vmm.kvm.KvmSregs.Control;
import io.drover.vmm.kvm.KvmSregs.SegmentRegister;
import io.drover.vmm.kvm.KvmVcpu;
import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.KickSignal;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A guest of 40 bytes in 64-bit mode: counts down from a known number, reports by one port write that its 64-bit arithmetic is
 * right, and begins again. The fastest of several rounds counts, for the host may have had something else to do in the others.
 */
final class SpeedGuest {
    private static final long MEMORY_BYTES = 64 << 10;
    private static final long PAGE_MAP = 0x1000;
    private static final long PAGE_POINTERS = 0x2000;
    private static final long PAGE_DIRECTORY = 0x3000;
    private static final long CODE = 0x4000;
    private static final long PRESENT_WRITABLE = 3;
    private static final long LARGE_PAGE = 0x80;

    private static final int ITERATIONS = 50_000;
    /** DEC and JNZ. */
    private static final long INSTRUCTIONS_PER_ROUND = 2L * ITERATIONS;
    private static final int PORT = 0x10;
    /** 2^40 shifted right by 36. */
    private static final long EXPECTED = 16;

    private static final int ROUNDS = 40;
    private static final Duration ENOUGH = Duration.ofMillis(400);
    private static final Duration DEADLINE = Duration.ofSeconds(4);

    /** Intel SDM 3: PE, ET, PG; PAE; LME, LMA. */
    private static final long CR0_LONG_MODE = 0x8000_0011L;
    private static final long CR4_PAE = 0x20;
    private static final long EFER_LONG_MODE = 0x500;
    private static final int CODE_64 = 0xA09B;
    private static final int DATA_32 = 0xC093;
    private static final int TASK_BUSY = 0x008B;
    private static final int FLAT_LIMIT = 0xFFFF_FFFF;
    private static final long RFLAGS_ALWAYS_SET = 2;

    private final KvmVcpu vcpu;
    private final CountDownLatch bound = new CountDownLatch(1);
    private volatile int thread;
    private volatile boolean gaveUp;
    private long fastestRoundNanos = Long.MAX_VALUE;
    private String failure = "";

    private SpeedGuest(KvmVcpu vcpu) {
        this.vcpu = vcpu;
    }

    /**
     * Runs the guest.
     *
     * @param checks
     *            what was found is added
     * @return instructions per second, if the guest ran
     */
    static OptionalLong measure(Kvm kvm, long atLeast, List<Check> checks) {
        try (Arena arena = Arena.ofShared();
                FileHandle file = FileHandle.memory("drover-selftest", MEMORY_BYTES);
                KvmVm vm = kvm.createVm()) {
            MemorySegment memory = file.map(MEMORY_BYTES, arena);
            writeGuest(memory);
            vm.setUserMemoryRegion(0, 0, memory);
            try (KvmVcpu vcpu = vm.createVcpu(0)) {
                vcpu.setCpuid(kvm.supportedCpuid());
                enterLongMode(vcpu);
                SpeedGuest guest = new SpeedGuest(vcpu);
                guest.runToDeadline();
                return guest.judge(atLeast, checks);
            }
        } catch (SystemCallException e) {
            checks.add(new Check("64-bit guest", false, e.getMessage()));
            return OptionalLong.empty();
        }
    }

    private OptionalLong judge(long atLeast, List<Check> checks) {
        if (!failure.isEmpty()) {
            checks.add(new Check("64-bit guest", false, failure));
            return OptionalLong.empty();
        }
        checks.add(new Check("64-bit guest", true, "runs"));
        long speed = INSTRUCTIONS_PER_ROUND * 1_000_000_000L / Math.max(1, fastestRoundNanos);
        String figure = String.format("%.1f million instructions per second", speed / 1e6);
        checks.add(speed >= atLeast ? new Check("guest speed", true, figure)
                : new Check("guest speed", false, figure + String.format(
                        " (expected: at least %.0f million; this KVM emulates the CPU in place of using it)",
                        atLeast / 1e6)));
        return OptionalLong.of(speed);
    }

    private void runToDeadline() {
        Thread runner = Thread.ofPlatform().name("kvm-selftest").start(this::runGuest);
        boolean interrupted = false;
        try {
            bound.await();
            TimeUnit.NANOSECONDS.timedJoin(runner, DEADLINE.toNanos());
        } catch (InterruptedException expected) {
            interrupted = true;
        }
        gaveUp = true;
        while (runner.isAlive()) {
            vcpu.exit().setImmediateExit(true);
            if (thread != 0) {
                KickSignal.send(thread);
            }
            try {
                TimeUnit.MILLISECONDS.timedJoin(runner, 100);
            } catch (InterruptedException expected) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void runGuest() {
        try (Arena arena = Arena.ofConfined()) {
            vcpu.setSignalMask(KickSignal.block());
            thread = KickSignal.currentThread();
            bound.countDown();
            failure = runRounds();
            thread = 0;
            new KickSignal.Drain(arena).run();
        } catch (SystemCallException e) {
            failure = e.getMessage();
        } finally {
            bound.countDown();
        }
    }

    /** Why it could not be done, or nothing. */
    private String runRounds() {
        long begin = System.nanoTime();
        for (int round = 0; round < ROUNDS && System.nanoTime() - begin < ENOUGH.toNanos(); round++) {
            long from = System.nanoTime();
            int result;
            do {
                result = vcpu.run();
            } while (result == -Errno.EINTR && !gaveUp);
            long nanos = System.nanoTime() - from;
            if (gaveUp) {
                return "did not report within " + DEADLINE;
            }
            if (result < 0) {
                return "KVM_RUN failed: " + Errno.describe(-result);
            }
            KvmRun exit = vcpu.exit();
            if (exit.exitReason() != KvmRun.EXIT_IO || exit.ioPort() != PORT || exit.ioValue(0, 4) != EXPECTED) {
                return "did not do what it should: " + exit.describe();
            }
            fastestRoundNanos = Math.min(fastestRoundNanos, nanos);
        }
        return "";
    }

    private static void writeGuest(MemorySegment memory) {
        memory.set(ValueLayout.JAVA_LONG, PAGE_MAP, PAGE_POINTERS | PRESENT_WRITABLE);
        memory.set(ValueLayout.JAVA_LONG, PAGE_POINTERS, PAGE_DIRECTORY | PRESENT_WRITABLE);
        memory.set(ValueLayout.JAVA_LONG, PAGE_DIRECTORY, LARGE_PAGE | PRESENT_WRITABLE);
        byte[] code = {
                // mov ecx, ITERATIONS
                (byte) 0xB9, (byte) ITERATIONS, (byte) (ITERATIONS >> 8), (byte) (ITERATIONS >> 16), 0,
                // count: dec rcx; jnz count
                0x48, (byte) 0xFF, (byte) 0xC9, 0x75, (byte) 0xFB,
                // mov rax, 1 << 40; shr rax, 36; out PORT, eax
                0x48, (byte) 0xB8, 0, 0, 0, 0, 0, 1, 0, 0, 0x48, (byte) 0xC1, (byte) 0xE8, 36, (byte) 0xE7, PORT,
                // jmp to the beginning
                (byte) 0xEB, (byte) -28};
        MemorySegment.copy(code, 0, memory, ValueLayout.JAVA_BYTE, CODE, code.length);
    }

    private static void enterLongMode(KvmVcpu vcpu) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            KvmSregs sregs = new KvmSregs(arena);
            vcpu.readSregs(sregs);
            sregs.set(Control.CR0, CR0_LONG_MODE);
            sregs.set(Control.CR3, PAGE_MAP);
            sregs.set(Control.CR4, CR4_PAE);
            sregs.set(Control.EFER, EFER_LONG_MODE);
            sregs.setSegment(SegmentRegister.CS, 0x08, 0, FLAT_LIMIT, CODE_64);
            for (SegmentRegister data : List.of(SegmentRegister.DS, SegmentRegister.ES, SegmentRegister.FS,
                    SegmentRegister.GS, SegmentRegister.SS)) {
                sregs.setSegment(data, 0x10, 0, FLAT_LIMIT, DATA_32);
            }
            sregs.setSegment(SegmentRegister.TR, 0x18, 0, 0x67, TASK_BUSY);
            vcpu.writeSregs(sregs);
            KvmRegs regs = new KvmRegs(arena);
            regs.set(Register.RIP, CODE);
            regs.set(Register.RFLAGS, RFLAGS_ALWAYS_SET);
            vcpu.writeRegs(regs);
        }
    }
}
