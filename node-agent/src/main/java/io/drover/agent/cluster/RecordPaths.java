package io.drover.agent.cluster;

import io.drover.scheduler.host.HostId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Where the records are in ZooKeeper (state.proto). */
public final class RecordPaths {
    private static final int SHARDS = 64;

    private RecordPaths() {}

    static String host(HostId host) {
        return "/drover/hosts/" + host.name();
    }

    static String live(HostId host) {
        return "/drover/live/" + host.name();
    }

    /** Of a VM. */
    public static String vm(String vm) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(vm.getBytes(StandardCharsets.UTF_8));
            return String.format("/drover/vms/%02x/%s", (digest[0] & 0xFF) % SHARDS, vm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
