package io.drover.vmm.power;

import java.util.ArrayList;
import java.util.List;

/** Remembers what a guest asked for. */
public final class RecordedPower implements PowerControl {
    private final List<String> requests = new ArrayList<>();

    public List<String> requests() {
        return requests;
    }

    @Override
    public void powerOff() {
        requests.add("off");
    }

    @Override
    public void reset() {
        requests.add("reset");
    }

    @Override
    public void panicked(String how) {
        requests.add(how);
    }

    @Override
    public void crashKernelStarting() {
        requests.add("crash kernel");
    }
}
