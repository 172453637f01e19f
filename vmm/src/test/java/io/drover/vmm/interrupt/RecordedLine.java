package io.drover.vmm.interrupt;

/** A line that counts its rising edges, as an edge-triggered controller does. */
public final class RecordedLine implements InterruptLine {
    private boolean asserted;
    private int edges;

    @Override
    public void set(boolean level) {
        edges += level && !asserted ? 1 : 0;
        asserted = level;
    }

    public boolean asserted() {
        return asserted;
    }

    public int edges() {
        return edges;
    }
}
