package io.drover.agent.driver.kvm;

import com.google.common.hash.Hashing;
import io.drover.agent.driver.MachineDisk;
import io.drover.vmm.client.VmmDisk;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A disk as a VMM is told of it. */
final class KvmDisk {
    /** A VMM's devices share one space of names, in which nics have their own. */
    private static final String PREFIX = "disk-";
    private static final int MAX_ID_CHARS = 63;
    private static final int HASH_CHARS = 40;

    private KvmDisk() {}

    static VmmDisk of(MachineDisk disk) {
        List<VmmDisk.File> backing = disk.backing()
                .map(below -> new VmmDisk.File(below.file(), switch (below.format()) {
                    case RAW -> VmmDisk.Format.RAW;
                    case QCOW2 -> VmmDisk.Format.QCOW2;
                })).stream().toList();
        return new VmmDisk(id(disk.name()), new VmmDisk.File(disk.file(), VmmDisk.Format.QCOW2), backing,
                disk.readOnly(), disk.serial(),
                disk.writeThrough() ? VmmDisk.Cache.WRITE_THROUGH : VmmDisk.Cache.WRITE_BACK, 0,
                of(disk.rate()));
    }

    static VmmDisk.Rate of(MachineDisk.Rate rate) {
        return new VmmDisk.Rate(rate.bytesPerSecond(), rate.operationsPerSecond());
    }

    /** What a VMM knows the disk by. */
    static String id(String name) {
        return PREFIX.length() + name.length() <= MAX_ID_CHARS ? PREFIX + name
                : PREFIX + Hashing.sha256().hashString(name, StandardCharsets.UTF_8).toString().substring(0,
                        HASH_CHARS);
    }
}
