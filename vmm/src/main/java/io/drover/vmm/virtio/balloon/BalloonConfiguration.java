package io.drover.vmm.virtio.balloon;

import io.drover.proto.vmm.v1.SavedBalloon;
import io.drover.vmm.state.SavedStates;

/**
 * {@code struct virtio_balloon_config} (virtio 1.2, 5.5.4). Each field is one word, which a driver reads and writes as one. Any
 * thread.
 */
final class BalloonConfiguration {
    private static final int NUM_PAGES = 0;
    private static final int ACTUAL = 4;
    /** Behind the command for free page hints, which are not offered. */
    private static final int POISON_VAL = 12;
    private static final int BYTES = 16;
    private static final long WORD_BITS = 0xFFFF_FFFFL;

    private volatile int wantedPages;
    private volatile int actualPages;
    private volatile int poison;

    void reset() {
        actualPages = 0;
        poison = 0;
    }

    /**
     * How large the balloon shall be.
     *
     * @param pages
     *            less than 2^32
     */
    void setWantedPages(long pages) {
        wantedPages = (int) pages;
    }

    long wantedPages() {
        return wantedPages & WORD_BITS;
    }

    /** How large the driver says it is: anything. */
    long actualPages() {
        return actualPages & WORD_BITS;
    }

    /** What the driver fills free pages with, if it is one that does. */
    int poison() {
        return poison;
    }

    SavedBalloon save() {
        return SavedBalloon.newBuilder().setVersion(SavedStates.VERSION).setWantedPages(wantedPages)
                .setActualPages(actualPages).setPoison(poison).build();
    }

    void load(SavedBalloon saved) {
        wantedPages = saved.getWantedPages();
        actualPages = saved.getActualPages();
        poison = saved.getPoison();
    }

    long read(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < BYTES; i++) {
            int at = offset + i;
            int word = switch (at & -Integer.BYTES) {
                case NUM_PAGES -> wantedPages;
                case ACTUAL -> actualPages;
                case POISON_VAL -> poison;
                default -> 0;
            };
            value |= (long) (word >>> (8 * (at % Integer.BYTES)) & 0xFF) << (8 * i);
        }
        return value;
    }

    /** What cannot be written stays. */
    void write(int offset, int size, long value, long negotiated) {
        if (size != Integer.BYTES) {
            return;
        }
        if (offset == ACTUAL) {
            actualPages = (int) value;
        } else if (offset == POISON_VAL && (negotiated & BalloonFeatures.PAGE_POISON) != 0) {
            poison = (int) value;
        }
    }
}
