package io.drover.controller.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * By what a guest notices that it goes on from a state from which it, or another, has gone on before (Microsoft, "Virtual Machine
 * Generation ID"). Made from the VM's uid, which is random and never used again: so it is the same over reboots, stops and hosts,
 * another for each VM, and takes no room in the VM's record. Once VMs can be restored, how often one was belongs in here.
 */
public record GenerationId(UUID value) {
    private static final String PURPOSE = "drover generation id: ";

    /** Of a VM that was never restored. */
    public static GenerationId of(String uid) {
        try {
            ByteBuffer digest = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256")
                    .digest((PURPOSE + uid).getBytes(StandardCharsets.UTF_8)));
            return new GenerationId(new UUID(digest.getLong(), digest.getLong()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** 16 bytes, in the order in which it is written. */
    public byte[] bytes() {
        return ByteBuffer.allocate(2 * Long.BYTES).putLong(value.getMostSignificantBits())
                .putLong(value.getLeastSignificantBits()).array();
    }
}
