package io.drover.scheduler.migration;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Rejection;
import java.util.List;
import java.util.Objects;

/** Why a migration does not begin. */
public sealed interface Refusal {
    /** For people. */
    String text();

    /** For programs: UPPER_SNAKE. */
    String reason();

    /** No guest runs that could be moved. */
    record NotRunning() implements Refusal {
        @Override
        public String reason() {
            return "VM_NOT_RUNNING";
        }

        @Override
        public String text() {
            return "the VM does not run: start it on another host instead";
        }
    }

    /** It runs there already. */
    record SameHost(HostId host) implements Refusal {
        @Override
        public String reason() {
            return "SAME_HOST";
        }

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
        public String reason() {
            return refused.reason() == Change.Reason.UNDER_WAY ? "MIGRATION_UNDER_WAY" : "VM_NOT_RUNNING";
        }

        @Override
        public String text() {
            return refused.why();
        }
    }

    /** There is no such host. */
    record NoSuchHost(HostId host) implements Refusal {
        @Override
        public String reason() {
            return "NO_SUCH_HOST";
        }

        @Override
        public String text() {
            return "there is no host " + host;
        }
    }

    /** What the guest has written to its disks is on one host. */
    record DisksStay(HostId home, HostId destination) implements Refusal {
        @Override
        public String reason() {
            return "DISKS_STAY";
        }

        @Override
        public String text() {
            return "the VM's disks are on host " + home + ", and host " + destination + " does not take disks along";
        }
    }

    /** A change of the guest's devices is not done yet. */
    record Changing() implements Refusal {
        @Override
        public String reason() {
            return "DEVICE_CHANGE_PENDING";
        }

        @Override
        public String text() {
            return "a change of the VM's devices is not done yet";
        }
    }

    /** Devices of the guest are ends of something on its host. */
    record HostBound(List<String> devices) implements Refusal {
        public HostBound {
            devices = List.copyOf(devices);
        }

        @Override
        public String reason() {
            return "HOST_BOUND_DEVICE";
        }

        @Override
        public String text() {
            return "what these devices are connected to is on the VM's host: " + String.join(", ", devices);
        }
    }

    /** A host takes part in no migration of such a VM. */
    record Unable(HostId host, String why) implements Refusal {
        @Override
        public String reason() {
            return "MIGRATION_UNSUPPORTED";
        }

        @Override
        public String text() {
            return "host " + host + ": " + why;
        }
    }

    /** The two hosts do not understand each other. */
    record OtherVersion(HostId host, String versions, String ofSource) implements Refusal {
        @Override
        public String reason() {
            return "MIGRATION_VERSION";
        }

        @Override
        public String text() {
            return "host " + host + " speaks version " + versions + " of migrations, the VM's host " + ofSource;
        }
    }

    /** No host can take the VM. */
    record Nowhere(String why) implements Refusal {
        @Override
        public String reason() {
            return "NO_HOST_FITS";
        }

        @Override
        public String text() {
            return why;
        }
    }

    /** The destination cannot take the VM. */
    record ByHost(Rejection rejection) implements Refusal {
        public ByHost {
            Objects.requireNonNull(rejection);
        }

        @Override
        public String reason() {
            return "UNFIT_HOST";
        }

        @Override
        public String text() {
            return rejection.text();
        }
    }
}
