package io.drover.vmm.disk.qcow2;

/** What Jazzer calls with what it thinks of; vmm/pom.xml, profile fuzz, has the command. */
public final class HostileImageFuzzer {
    private HostileImageFuzzer() {}

    /** Jazzer's name for it. */
    public static void fuzzerTestOneInput(byte[] image) {
        HostileImageUse.of(image);
    }
}
