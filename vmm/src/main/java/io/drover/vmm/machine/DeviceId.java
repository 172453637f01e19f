package io.drover.vmm.machine;

import java.util.regex.Pattern;

/** How a machine's devices are named. */
final class DeviceId {
    private static final Pattern SYNTAX = Pattern.compile("[a-z0-9-]{1,63}");

    private DeviceId() {}

    /** Refuses what is no name, with an {@link IllegalArgumentException} for the operator. */
    static void check(String what, String id) {
        if (!SYNTAX.matcher(id).matches()) {
            throw new IllegalArgumentException(what + " : '" + id + "' (expected: 1 to 63 of a-z, 0-9 and '-')");
        }
    }
}
