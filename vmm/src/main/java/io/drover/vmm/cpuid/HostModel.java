package io.drover.vmm.cpuid;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The model name of this machine's CPU. */
public final class HostModel {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");
    private static final String KEY = "model name";
    /** The first CPU's model name stands in the first hundred bytes. */
    private static final int PREFIX_BYTES = 1024;

    private HostModel() {}

    /** As Linux shows it; empty when it does not. */
    public static String read() {
        ByteBuffer prefix = ByteBuffer.allocate(PREFIX_BYTES);
        try (FileChannel file = FileChannel.open(CPUINFO)) {
            if (file.read(prefix) <= 0) {
                return "";
            }
        } catch (IOException ignored) {
            // A guest does without its CPU's name.
            return "";
        }
        return in(new String(prefix.array(), 0, prefix.position(), StandardCharsets.ISO_8859_1));
    }

    static String in(String cpuinfo) {
        for (String line : cpuinfo.lines().toList()) {
            int colon = line.indexOf(':');
            if (line.startsWith(KEY) && colon > 0) {
                return line.substring(colon + 1).strip();
            }
        }
        return "";
    }
}
