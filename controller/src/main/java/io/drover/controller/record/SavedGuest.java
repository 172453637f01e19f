package io.drover.controller.record;

/**
 * What a host keeps of a guest on its disk, to go on from: once.
 *
 * @param epoch of the run that was saved
 */
public record SavedGuest(HostId host, long epoch) {
    public SavedGuest {
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch : " + epoch + " (expected: at least 1)");
        }
    }
}
