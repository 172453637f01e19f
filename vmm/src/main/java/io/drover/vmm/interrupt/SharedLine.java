package io.drover.vmm.interrupt;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/** A line that several devices pull, as PCI's pins may be: it is asserted while one of them asserts it. */
public final class SharedLine {
    private final InterruptLine line;
    @GuardedBy("this")
    private int asserting;

    public SharedLine(InterruptLine line) {
        this.line = line;
    }

    /** One device's end of it. */
    public InterruptLine input() {
        return new Input();
    }

    private synchronized void change(int by) {
        asserting += by;
        line.set(asserting > 0);
    }

    private final class Input implements InterruptLine {
        @GuardedBy("this")
        private boolean asserted;

        @Override
        public synchronized void set(boolean level) {
            if (level != asserted) {
                asserted = level;
                change(level ? 1 : -1);
            }
        }
    }
}
