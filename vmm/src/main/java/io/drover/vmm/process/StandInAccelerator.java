package io.drover.vmm.process;

import io.drover.proto.vmm.v1.SavedChips;
import io.drover.proto.vmm.v1.SavedCpu;
import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.accelerator.Partition;
import io.drover.vmm.accelerator.RunOutcome;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.boot.EntryState;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupt;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.memory.MemoryRegion;
import io.drover.vmm.memory.PageSet;
import io.drover.vmm.power.AcpiPowerManagement;
import io.drover.vmm.serial.Uart16550;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * What {@link Training} runs its machine on where no KVM is. Executes nothing: whatever the guest is, its first CPU prints a
 * letter and powers off, as the training's kernel would, and the others wait.
 */
final class StandInAccelerator implements Accelerator {
    private static final int POWER_OFF = 0x2000;

    @Override
    public List<CpuidEntry> supportedCpuid() {
        return List.of();
    }

    @Override
    public boolean hasTscDeadlineTimer() {
        return false;
    }

    @Override
    public int maxCpus() {
        return Integer.MAX_VALUE;
    }

    @Override
    public Partition createPartition(List<MemoryRegion> ram, IoBus ports, IoBus mmio) {
        return new Partition() {
            @Override
            public VirtualCpu createCpu(int index, List<CpuidEntry> cpuid) {
                return new Cpu(index, ports);
            }

            @Override
            public InterruptLine line(int number) {
                return asserted -> {
                    // Nobody listens.
                };
            }

            @Override
            public MessageInterrupts messageInterrupts() {
                return Deaf::new;
            }

            @Override
            public Doorbells doorbells() {
                return new Deaf();
            }

            @Override
            public SavedChips save() {
                return SavedChips.getDefaultInstance();
            }

            @Override
            public void load(SavedChips saved, long awayNanos) {
                // Has nothing to be loaded.
            }

            @Override
            public DirtyLog dirtyLog() {
                return new NothingWritten();
            }

            @Override
            public void close() {
                // Holds nothing.
            }
        };
    }

    @Override
    public void close() {
        // Holds nothing.
    }

    /** As nothing is executed, nobody is interrupted and nobody rings. */
    private static final class Deaf implements MessageInterrupt, Doorbells {
        @Override
        public void route(long address, int data) {
            // Nobody listens.
        }

        @Override
        public void raise() {
            // Nobody listens.
        }

        @Override
        public void release() {
            // Holds nothing.
        }

        @Override
        public boolean add(long address, EventFile event) {
            return false;
        }

        @Override
        public void remove(long address, EventFile event) {
            // Nothing was added.
        }
    }

    /** As nothing is executed. */
    private static final class NothingWritten implements DirtyLog {
        @Override
        public void start() {
            // There is nothing to log.
        }

        @Override
        public void collect(PageSet into) {
            // There is nothing to add.
        }

        @Override
        public void stop() {
            // There was nothing to log.
        }
    }

    private static final class Cpu implements VirtualCpu {
        private final int index;
        private final IoBus ports;
        private final Semaphore kicks = new Semaphore(0);
        private volatile int runs;

        Cpu(int index, IoBus ports) {
            this.index = index;
            this.ports = ports;
        }

        @Override
        public RunOutcome run() {
            if (index == 0 && runs == 0) {
                runs = 1;
                ports.write(Uart16550.COM1_PORT, 1, 'k');
                return RunOutcome.CONTINUE;
            }
            if (index == 0 && runs == 1) {
                runs = 2;
                ports.write(AcpiPowerManagement.CONTROL_PORT, 2, POWER_OFF);
                return RunOutcome.CONTINUE;
            }
            kicks.acquireUninterruptibly();
            return RunOutcome.INTERRUPTED;
        }

        @Override
        public void kick() {
            kicks.release();
        }

        @Override
        public long exits() {
            return runs;
        }

        @Override
        public String describe() {
            return "a stand-in without registers";
        }

        @Override
        public void setEntry(EntryState entry) {
            // Executes nothing.
        }

        @Override
        public void bind() {
            // A kick is a permit.
        }

        @Override
        public void unbind() {
            // A kick is a permit.
        }

        @Override
        public SavedCpu save() {
            return SavedCpu.getDefaultInstance();
        }

        @Override
        public void load(SavedCpu saved, long awayNanos) {
            // Has nothing to be loaded.
        }

        @Override
        public void tellStopped() {
            // Nobody listens.
        }

        @Override
        public void settle() {
            // Executes nothing.
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }
}
