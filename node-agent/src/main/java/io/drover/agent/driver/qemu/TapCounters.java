package io.drover.agent.driver.qemu;

import io.drover.agent.driver.MachineCounters.NicCounters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What went through a tap device, as the host's kernel counts (Linux, Documentation/ABI/testing/sysfs-class-net-statistics). What
 * the guest sends the host receives by it, and the other way round.
 */
final class TapCounters {
    private TapCounters() {}

    /**
     * Since the device was made, which is just before its guest's process begins.
     *
     * @param devices where the host's network devices are: /sys/class/net
     * @throws IOException when there is no such device
     */
    static NicCounters read(Path devices, String device, String nic) throws IOException {
        Path counts = devices.resolve(device).resolve("statistics");
        return new NicCounters(nic, count(counts, "tx_packets"), count(counts, "tx_bytes"),
                count(counts, "tx_dropped"), count(counts, "rx_packets"), count(counts, "rx_bytes"),
                count(counts, "rx_dropped"));
    }

    private static long count(Path counts, String name) throws IOException {
        Path file = counts.resolve(name);
        String text = Files.readString(file).strip();
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IOException(file + " : " + text + " (expected: a number)", e);
        }
    }
}
