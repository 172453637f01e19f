package io.drover.cli.vm;

import io.drover.proto.v1.HaPolicy;
import java.util.Iterator;
import java.util.List;

/** The HA policies that there are to choose from. */
final class HaPolicies implements Iterable<String> {
    /** As on the command line. */
    enum Policy {
        NONE(HaPolicy.HA_POLICY_UNSPECIFIED), RESTART(HaPolicy.HA_POLICY_RESTART);

        private final HaPolicy message;

        Policy(HaPolicy message) {
            this.message = message;
        }

        HaPolicy message() {
            return message;
        }
    }

    @Override
    public Iterator<String> iterator() {
        return List.of("none", "restart").iterator();
    }
}
