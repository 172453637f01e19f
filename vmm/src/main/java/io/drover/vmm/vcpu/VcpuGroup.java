package io.drover.vmm.vcpu;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.linux.BootClock;
import io.drover.vmm.linux.ThreadAffinity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * All vCPUs of a machine, one platform thread each. They are told what to do by one word that all of them read before they enter
 * the guest; a change of it is followed by a kick of each, and only then is waited for: to kick and wait one by one would take a
 * millisecond per vCPU.
 *
 * <p>
 * {@link #leave}, {@link #hold} and {@link #permitChanged} may be called from any thread, a vCPU's own included;
 * the rest is for the machine's thread.
 */
public final class VcpuGroup implements AutoCloseable {
    private enum Command {
        /** Run guest code. */
        RUN,
        /** Stay out of the guest. */
        PARK,
        /** Never enter the guest again and end the thread. */
        LEAVE
    }

    private final List<VirtualCpu> cpus;
    /** One for each, or none. */
    private final List<Integer> hostCpus;
    private final VcpuOwner owner;
    private final EntryPermit permit;
    private final List<Thread> threads = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Written under the lock, and never again once it is LEAVE; read without. */
    private volatile Command command = Command.PARK;
    /** Written under the lock; read without. */
    private volatile boolean held;
    /** Threads that are known to be out of the guest and to stay there until the command changes. */
    @GuardedBy("lock")
    private int parked;
    @GuardedBy("lock")
    private int alive;
    private volatile long firstEntryNanos;

    /**
     * Makes the threads; none runs yet.
     *
     * @param cpus
     *            bound to their threads from {@link #start} on; closed by whoever made them, after this
     * @param hostCpus
     *            the CPU of the host that each thread never leaves; empty: any
     */
    public VcpuGroup(String name, List<VirtualCpu> cpus, List<Integer> hostCpus, VcpuOwner owner) {
        this(name, cpus, hostCpus, owner, EntryPermit.ALWAYS);
    }

    /**
     * As above, with a say in whether vCPUs enter the guest.
     *
     * @param permit
     *            a change of it is followed by {@link #permitChanged}
     */
    public VcpuGroup(String name, List<VirtualCpu> cpus, List<Integer> hostCpus, VcpuOwner owner, EntryPermit permit) {
        this.cpus = List.copyOf(cpus);
        this.hostCpus = List.copyOf(hostCpus);
        this.permit = permit;
        this.owner = owner;
        for (int index = 0; index < cpus.size(); index++) {
            threads.add(Thread.ofPlatform().name(name + " vcpu " + index).unstarted(new Loop(index)));
        }
    }

    /** Starts the threads, which stay out of the guest until {@link #resume}. Once. */
    public void start() {
        lock.lock();
        try {
            alive = threads.size();
        } finally {
            lock.unlock();
        }
        for (Thread thread : threads) {
            thread.start();
        }
    }

    /** Lets all vCPUs into the guest. */
    public void resume() {
        tell(Command.RUN);
    }

    /**
     * Gets all vCPUs out of the guest, between two instructions.
     *
     * @return false when one of them did not come in time; it will as soon as it can
     */
    public boolean pause(Duration deadline) throws InterruptedException {
        tell(Command.PARK);
        lock.lock();
        try {
            long left = deadline.toNanos();
            while (parked < alive) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Holds all vCPUs out of the guest, or lets them in again if they were told to run. Any thread; does not wait.
     */
    public void hold(boolean hold) {
        lock.lock();
        try {
            if (held == hold) {
                return;
            }
            held = hold;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (hold) {
            kickAll();
        }
    }

    /**
     * Gets all vCPUs out of the guest when the permit is not given any more, or lets them in again when it is, if they were told
     * to run. Any thread; does not wait.
     */
    public void permitChanged() {
        boolean given = permit.given();
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (!given) {
            kickAll();
        }
    }

    /** Gets all vCPUs out of the guest for good. Does not wait: {@link #join} does. */
    public void leave() {
        tell(Command.LEAVE);
    }

    /**
     * Waits until all threads have ended.
     *
     * @return false when one did not in time
     */
    public boolean join(Duration deadline) throws InterruptedException {
        long until = System.nanoTime() + deadline.toNanos();
        for (Thread thread : threads) {
            long left = until - System.nanoTime();
            TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(left, 1));
            if (thread.isAlive()) {
                return false;
            }
        }
        return true;
    }

    /** On {@link BootClock}: when the first vCPU was let into the guest for the first time; 0 before that. */
    public long firstEntryNanos() {
        return firstEntryNanos;
    }

    /** Exits from the guest of all vCPUs so far. */
    public long exits() {
        long sum = 0;
        for (VirtualCpu cpu : cpus) {
            sum += cpu.exits();
        }
        return sum;
    }

    /** Ends the threads and waits for them, for as long as it takes: their CPUs must not be closed under them. */
    @Override
    public void close() {
        leave();
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException expected) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Command next) {
        lock.lock();
        try {
            if (command == Command.LEAVE) {
                return;
            }
            command = next;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (next != Command.RUN) {
            kickAll();
        }
    }

    private void kickAll() {
        for (VirtualCpu cpu : cpus) {
            cpu.kick();
        }
    }

    /** Who holds vCPUs back and who permits them to run do not know of each other. */
    private boolean mayEnter() {
        return !held && permit.given();
    }

    /** Waits outside the guest for a command to enter it: false when it never may again. */
    private boolean awaitRun() {
        lock.lock();
        try {
            parked++;
            changed.signalAll();
            while (command == Command.PARK || (command == Command.RUN && !mayEnter())) {
                changed.awaitUninterruptibly();
            }
            parked--;
            return command == Command.RUN;
        } finally {
            lock.unlock();
        }
    }

    private void gone() {
        lock.lock();
        try {
            alive--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private final class Loop implements Runnable {
        private final int index;
        private final VirtualCpu cpu;

        Loop(int index) {
            this.index = index;
            this.cpu = cpus.get(index);
        }

        @Override
        public void run() {
            try {
                if (!hostCpus.isEmpty()) {
                    ThreadAffinity.pin(hostCpus.get(index));
                }
                cpu.bind();
                try {
                    while (awaitRun()) {
                        if (index == 0 && firstEntryNanos == 0) {
                            firstEntryNanos = BootClock.nanos();
                        }
                        runUntilTold();
                        if (command != Command.LEAVE) {
                            cpu.settle();
                        }
                    }
                } finally {
                    cpu.unbind();
                }
            } catch (Throwable e) {
                owner.failed("vcpu " + index + ": " + e);
            } finally {
                gone();
            }
        }

        private void runUntilTold() throws IOException {
            while (command == Command.RUN && mayEnter()) {
                switch (cpu.run()) {
                    case CONTINUE -> {
                        // The command says whether to go on.
                    }
                    case INTERRUPTED -> permit.interrupted();
                    case TRIPLE_FAULT -> owner.panicked("triple fault: " + cpu.describe());
                    case POWER_OFF -> owner.powerOff();
                    case RESET -> owner.reset();
                    case CRASH -> owner.panicked("crash reported to KVM: " + cpu.describe());
                    case FAILED -> owner.failed(cpu.describe());
                }
            }
        }
    }
}
