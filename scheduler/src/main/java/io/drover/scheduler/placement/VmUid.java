package io.drover.scheduler.placement;

/**
 * Names a VM for ever: unlike a VM's name it is never used again.
 *
 * @param value not empty
 */
public record VmUid(String value) {
    /**
     * Checks the uid.
     *
     * @throws IllegalArgumentException empty
     */
    public VmUid {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("VM uid : empty (expected: the uid of a VM)");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
