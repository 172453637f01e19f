package io.drover.scheduler.host;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How a host runs a VM. The better one first: a VM that names no driver gets the first that a host can use. */
public enum Driver {
    /** Our VMM on /dev/kvm. */
    KVM("kvm"),
    /** A QEMU process, which emulates any CPU in software. */
    QEMU("qemu");

    /** All drivers, the best first. */
    public static final List<Driver> BY_PREFERENCE = List.of(values());

    private final String id;

    Driver(String id) {
        this.id = id;
    }

    /** As in the protocols: {@code kvm}, {@code qemu}. */
    public String id() {
        return id;
    }

    /** Empty for a driver that this version does not know, which a newer agent may well offer. */
    public static Optional<Driver> ofId(String id) {
        return Arrays.stream(values()).filter(driver -> driver.id.equals(id)).findFirst();
    }

    @Override
    public String toString() {
        return id;
    }
}
