package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.interrupt.InterruptLine;

/** A function's pin A: what the device wants of it, and whether the command register lets it. Safe for use by several threads. */
final class InterruptPin {
    private final InterruptLine line;
    @GuardedBy("this")
    private boolean pending;
    @GuardedBy("this")
    private boolean off;

    InterruptPin(InterruptLine line) {
        this.line = line;
    }

    synchronized void set(boolean wanted) {
        pending = wanted;
        line.set(pending && !off);
    }

    synchronized void switchOff(boolean switchedOff) {
        off = switchedOff;
        line.set(pending && !off);
    }

    /** As the status register tells it, whether the line is let or not. */
    synchronized boolean isPending() {
        return pending;
    }
}
