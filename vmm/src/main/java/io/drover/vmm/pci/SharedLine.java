package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.interrupt.InterruptLine;

/** A line that several functions pull, as PCI's pins may be: it is asserted while one of them asserts it. */
final class SharedLine {
    private final InterruptLine line;
    @GuardedBy("this")
    private int asserting;

    SharedLine(InterruptLine line) {
        this.line = line;
    }

    /** One function's end of it. */
    InterruptLine input() {
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
