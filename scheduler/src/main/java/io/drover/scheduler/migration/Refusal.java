package io.drover.scheduler.migration;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Rejection;
import java.util.Objects;

/** Why a migration does not begin. */
public sealed interface Refusal {
    /** For people. */
    String text();

    /** No guest runs that could be moved. */
    record NotRunning() implements Refusal {
        @Override
        public String text() {
            return "the VM does not run: start it on another host instead";
        }
    }

    /** It runs there already. */
    record SameHost(HostId host) implements Refusal {
        @Override
        public String text() {
            return "the VM runs on host " + host + " already";
        }
    }

    /** The VM's record stands against it. */
    record ByRecord(Change.Refused refused) implements Refusal {
        public ByRecord {
            Objects.requireNonNull(refused);
        }

        @Override
        public String text() {
            return refused.why();
        }
    }

    /** There is no such host. */
    record NoSuchHost(HostId host) implements Refusal {
        @Override
        public String text() {
            return "there is no host " + host;
        }
    }

    /** What the guest has written to its disks is on one host. */
    record DisksStay(HostId home) implements Refusal {
        @Override
        public String text() {
            return "the VM's disks are on host " + home + ", and disks do not move with their VM yet";
        }
    }

    /** The destination cannot take the VM. */
    record ByHost(Rejection rejection) implements Refusal {
        public ByHost {
            Objects.requireNonNull(rejection);
        }

        @Override
        public String text() {
            return rejection.text();
        }
    }
}
