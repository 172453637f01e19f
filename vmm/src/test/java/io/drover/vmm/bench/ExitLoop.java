package io.drover.vmm.bench;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.accelerator.RunOutcome;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.bus.IoDevice;

/**
 * What an exit costs in Java: a guest that does nothing but write to a port. Prints nanoseconds per exit. Arguments: exits to
 * warm up with, exits to time.
 */
final class ExitLoop {
    private ExitLoop() {}

    public static void main(String[] arguments) throws Exception {
        long warmUp = Long.parseLong(arguments[0]);
        long timed = Long.parseLong(arguments[1]);
        // count: inc dword [0x8000]; out 0x10, al; jmp count
        try (CodeGuest guest = CodeGuest.create(CodeGuest.code(0xFF, 0x05, 0x00, 0x80, 0, 0, 0xE6, 0x10, 0xEB, 0xF6),
                1)) {
            guest.ports().register(0x10, 8, "counter", new Counter());
            guest.ports().register(0x300, 8, "another", new Counter());
            VirtualCpu cpu = guest.cpu();
            cpu.bind();
            run(cpu, warmUp);
            long from = System.nanoTime();
            run(cpu, timed);
            System.out.println((double) (System.nanoTime() - from) / timed);
            cpu.unbind();
        }
    }

    private static void run(VirtualCpu cpu, long exits) throws Exception {
        for (long exit = 0; exit < exits; exit++) {
            if (cpu.run() != RunOutcome.CONTINUE) {
                throw new IllegalStateException(cpu.describe());
            }
        }
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
