package io.drover.vmm.bench;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.accelerator.RunOutcome;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.MessageInterrupt;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.Poller;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.seccomp.VmmFilter;
import java.util.Locale;

/**
 * What one turn of a {@link Loop} costs in Java. Prints nanoseconds. Arguments: the loop's word, turns to warm up with, turns to
 * time, and {@code filtered} if the process shall have the VMM's filter of system calls.
 */
final class KvmLoop {
    static final String FILTERED = "filtered";

    private final CodeGuest guest;
    private final long warmUp;
    private final long timed;
    private volatile boolean ended;

    private KvmLoop(CodeGuest guest, long warmUp, long timed) {
        this.guest = guest;
        this.warmUp = warmUp;
        this.timed = timed;
    }

    public static void main(String[] arguments) throws Exception {
        Loop loop = Loop.valueOf(arguments[0].toUpperCase(Locale.ROOT).replace('-', '_'));
        if (arguments.length > 3 && arguments[3].equals(FILTERED)) {
            VmmFilter.install(false);
        }
        try (CodeGuest guest = CodeGuest.create(loop.code(), 1)) {
            KvmLoop run = new KvmLoop(guest, Long.parseLong(arguments[1]), Long.parseLong(arguments[2]));
            System.out.println(loop == Loop.EXIT ? run.exits() : run.events(loop));
        }
    }

    private double exits() throws Exception {
        guest.ports().register(Loop.PORT, 8, "counter", new Counter());
        guest.ports().register(0x300, 8, "another", new Counter());
        VirtualCpu cpu = guest.cpu();
        cpu.bind();
        run(cpu, warmUp);
        long from = System.nanoTime();
        run(cpu, timed);
        double nanos = (double) (System.nanoTime() - from) / timed;
        cpu.unbind();
        return nanos;
    }

    private static void run(VirtualCpu cpu, long exits) throws Exception {
        for (long exit = 0; exit < exits; exit++) {
            check(cpu, cpu.run());
        }
    }

    private static void check(VirtualCpu cpu, RunOutcome outcome) {
        if (outcome != RunOutcome.CONTINUE && outcome != RunOutcome.INTERRUPTED) {
            throw new IllegalStateException(outcome + ": " + cpu.describe());
        }
    }

    /** The CPU has a thread of its own; this one is the I/O thread. */
    private double events(Loop loop) throws Exception {
        try (EventFile doorbell = EventFile.create("doorbell"); Poller poller = Poller.create()) {
            poller.addRings(doorbell, 0);
            guest.partition().doorbells().add(Loop.DOORBELL & 0xFFFF_FFFFL, doorbell);
            MessageInterrupt interrupt = guest.partition().messageInterrupts().create();
            interrupt.route(Loop.LOCAL_APIC & 0xFFFF_FFFFL, Loop.VECTOR);
            Thread cpu = Thread.ofPlatform().name("vcpu 0").start(this::runCpu);
            IoThread thread = switch (loop) {
                case KICK -> poller::await;
                case INTERRUPT -> () -> {
                    int before = counted();
                    interrupt.raise();
                    while (counted() == before) {
                        Thread.onSpinWait();
                    }
                };
                case ROUND_TRIP -> () -> {
                    poller.await();
                    interrupt.raise();
                };
                case EXIT -> throw new IllegalArgumentException("no events");
            };
            while (loop == Loop.INTERRUPT && counted() == 0) {
                Thread.onSpinWait();
            }
            double nanos = time(thread);
            ended = true;
            guest.cpu().kick();
            cpu.join();
            return nanos;
        }
    }

    private double time(IoThread thread) throws Exception {
        serve(thread, warmUp);
        long from = System.nanoTime();
        int begin = counted();
        serve(thread, timed);
        // The guest may be ahead of what it is waited for.
        return (double) (System.nanoTime() - from) / (counted() - begin);
    }

    /** Goes on until the guest has counted so much. */
    private void serve(IoThread thread, long turns) throws Exception {
        int begin = counted();
        while (counted() - begin < turns) {
            thread.turn();
        }
    }

    private int counted() throws GuestAddressException {
        return guest.memory().read32(Loop.COUNTER);
    }

    private void runCpu() {
        try {
            VirtualCpu cpu = guest.cpu();
            cpu.bind();
            while (!ended) {
                check(cpu, cpu.run());
            }
            cpu.unbind();
        } catch (Exception e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    /** What the I/O thread does for a turn, or for several. */
    private interface IoThread {
        void turn() throws Exception;
    }

    private static final class Counter implements IoDevice {
        private volatile long written;

        @Override
        public long read(long offset, int bytes) {
            return written;
        }

        @Override
        public void write(long offset, int bytes, long value) {
            written = written + value + offset + bytes;
        }
    }
}
