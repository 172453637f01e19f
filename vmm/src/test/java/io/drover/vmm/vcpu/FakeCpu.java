package io.drover.vmm.vcpu;

import io.drover.proto.vmm.v1.SavedCpu;
import io.drover.vmm.accelerator.RunOutcome;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.boot.EntryState;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** A CPU that stays in its guest until it is kicked, or told to come out with an outcome. */
final class FakeCpu implements VirtualCpu {
    private final Semaphore wake = new Semaphore(0);
    private final AtomicReference<RunOutcome> next = new AtomicReference<>(RunOutcome.INTERRUPTED);
    private final AtomicLong exits = new AtomicLong();
    private final AtomicBoolean inGuest = new AtomicBoolean();
    private volatile boolean settled = true;
    private volatile boolean bound;
    private volatile boolean ignoresKicks;

    void comeOutWith(RunOutcome outcome) {
        next.set(outcome);
        wake.release();
    }

    void ignoreKicks() {
        ignoresKicks = true;
    }

    void heedKicks() {
        ignoresKicks = false;
        wake.release();
    }

    boolean inGuest() {
        return inGuest.get();
    }

    boolean settled() {
        return settled;
    }

    boolean bound() {
        return bound;
    }

    @Override
    public void setEntry(EntryState entry) {
        throw new UnsupportedOperationException("this CPU has no registers");
    }

    @Override
    public void bind() {
        bound = true;
    }

    @Override
    public void unbind() {
        bound = false;
    }

    @Override
    public RunOutcome run() {
        settled = false;
        inGuest.set(true);
        wake.acquireUninterruptibly();
        inGuest.set(false);
        exits.incrementAndGet();
        return next.getAndSet(RunOutcome.INTERRUPTED);
    }

    @Override
    public void settle() {
        settled = true;
    }

    @Override
    public SavedCpu save() {
        return SavedCpu.getDefaultInstance();
    }

    @Override
    public void load(SavedCpu saved, long awayNanos) {
        // Has no registers.
    }

    @Override
    public void tellStopped() {
        // Nobody listens.
    }

    @Override
    public void kick() {
        if (!ignoresKicks) {
            wake.release();
        }
    }

    @Override
    public long exits() {
        return exits.get();
    }

    @Override
    public String describe() {
        return "fake registers";
    }

    @Override
    public void close() {
        bound = false;
    }
}
