package io.drover.bench;

import java.util.Arrays;
import java.util.Optional;

/** What is measured of a VMM, and by which name the scripts tell it. */
enum Metric {
    BOOT("boot", Phase.BOOT, "VMM's start to the guest's init", "ms", 1, Better.LOWER),
    DISK_READ_1("disk-read-1", Phase.DISK, "4 KiB random reads, one at a time", "1/s", 1, Better.HIGHER),
    DISK_READ_16("disk-read-16", Phase.DISK, "4 KiB random reads, 16 at a time", "1/s", 1, Better.HIGHER),
    DISK_WRITE_1("disk-write-1", Phase.DISK, "4 KiB random writes, one at a time", "1/s", 1, Better.HIGHER),
    DISK_WRITE_16("disk-write-16", Phase.DISK, "4 KiB random writes, 16 at a time", "1/s", 1, Better.HIGHER),
    /** Of requests of 256 KiB. */
    DISK_READ_ORDERED("disk-read-ordered", Phase.DISK, "256 KiB reads in order, 4 at a time", "MiB/s", 4,
            Better.HIGHER),
    TCP_SEND("tcp-send", Phase.NETWORK, "TCP from the guest", "MiB/s", 1 << 20, Better.HIGHER),
    TCP_RECEIVE("tcp-receive", Phase.NETWORK, "TCP to the guest", "MiB/s", 1 << 20, Better.HIGHER),
    TCP_ECHO("tcp-echo", Phase.NETWORK, "TCP, one byte there and back", "1/s", 1, Better.HIGHER),
    RSS("rss", Phase.MEMORY, "RSS beyond the guest's memory", "MiB", 1024, Better.LOWER),
    PRIVATE("private", Phase.MEMORY, "private memory beyond the guest's", "MiB", 1024, Better.LOWER);

    /** What a run may be told to measure. */
    enum Phase {
        BOOT, DISK, NETWORK, MEMORY
    }

    private enum Better {
        HIGHER, LOWER
    }

    private final String word;
    private final Phase phase;
    private final String title;
    private final String unit;
    private final double divisor;
    private final Better better;

    Metric(String word, Phase phase, String title, String unit, double divisor, Better better) {
        this.word = word;
        this.phase = phase;
        this.title = title;
        this.unit = unit;
        this.divisor = divisor;
        this.better = better;
    }

    /** The metric that scripts call so. */
    static Optional<Metric> named(String word) {
        return Arrays.stream(values()).filter(metric -> metric.word.equals(word)).findFirst();
    }

    Phase phase() {
        return phase;
    }

    /** What it is, for people. */
    String title() {
        return title + ", " + unit;
    }

    /** From the scripts' unit to that of the title. */
    double toUnit(double told) {
        return told / divisor;
    }

    /** How good ours is beside theirs: above 1 is better, whichever way the metric goes. */
    double score(double ours, double theirs) {
        return better == Better.HIGHER ? ours / theirs : theirs / ours;
    }
}
