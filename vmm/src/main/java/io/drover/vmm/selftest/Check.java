package io.drover.vmm.selftest;

import java.util.Objects;

/**
 * One thing that was looked at.
 *
 * @param name
 *            short: "KVM_CAP_IRQCHIP"
 * @param detail
 *            what was found, and where it is not good enough, what would be
 */
public record Check(String name, boolean passed, String detail) {
    public Check {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(detail, "detail");
    }
}
