package io.drover.lab;

import java.nio.file.Path;
import java.util.List;

/**
 * What an emulated host is made of.
 *
 * @param name           1 to 63 of a-z, 0-9 and '-', begins with a letter
 * @param number         1 to 250: its place in the network of the hosts, 10.1.0.NUMBER
 * @param cpus           1 to 64 emulated CPUs
 * @param memoryMebibytes of the host; what is written in the host is kept in it too
 * @param forwardedPorts TCP ports of the host that get a port on this machine's loopback
 * @param writableFolders folders of this machine, absolute, that the host may write to, under the same path
 * @param clock          what its time is
 */
public record HostSpec(String name, int number, int cpus, int memoryMebibytes, List<Integer> forwardedPorts,
        List<Path> writableFolders, Clock clock) {

    /** What goes by in a host while this machine does something else. */
    public enum Clock {
        /** As much time as here. */
        REAL,
        /**
         * None, as long as the host is not idle: 500 million instructions are a second. What is measured so does not depend on
         * this machine's load, but the host has one CPU only.
         */
        INSTRUCTIONS
    }

    public HostSpec {
        if (!name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?")) {
            throw new IllegalArgumentException(
                    "host name : '" + name + "' (expected: 1 to 63 of a-z, 0-9 and '-', begins with a"
                            + " letter and does not end with '-')");
        }
        checkRange("host number", number, 1, 250);
        checkRange("cpus", cpus, 1, 64);
        checkRange("memory in MiB", memoryMebibytes, 512, 1 << 20);
        for (int port : forwardedPorts) {
            // Port 1 is the lab's own.
            checkRange("forwarded port", port, 2, 65535);
        }
        for (Path folder : writableFolders) {
            // It is named on QEMU's command line, where a comma ends a value, and in a list with blanks.
            if (!folder.isAbsolute() || folder.toString().matches(".*[,\\s].*")) {
                throw new IllegalArgumentException(
                        "writable folder : '" + folder + "' (expected: an absolute path without blanks and commas)");
            }
        }
        if (clock == Clock.INSTRUCTIONS && cpus > 1) {
            throw new IllegalArgumentException(
                    "cpus : " + cpus + " (expected: 1, where the clock counts instructions)");
        }
        forwardedPorts = List.copyOf(forwardedPorts);
        writableFolders = List.copyOf(writableFolders);
    }

    /** With the time of this machine. */
    public HostSpec(String name, int number, int cpus, int memoryMebibytes, List<Integer> forwardedPorts,
            List<Path> writableFolders) {
        this(name, number, cpus, memoryMebibytes, forwardedPorts, writableFolders, Clock.REAL);
    }

    private static void checkRange(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " : " + value + " (expected: " + least + " to " + most + ")");
        }
    }
}
