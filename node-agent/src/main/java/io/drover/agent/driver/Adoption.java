package io.drover.agent.driver;

import java.util.Objects;

/** What {@link Driver#adopt} found. */
public sealed interface Adoption {
    /** It lives and belongs to this agent now. */
    record Adopted(Machine machine) implements Adoption {
        public Adopted {
            Objects.requireNonNull(machine);
        }
    }

    /** It ended while no agent was there, and left how. */
    record Ended(MachineEnd end) implements Adoption {
        public Ended {
            Objects.requireNonNull(end);
        }
    }

    /** There is no process, and none left a trace: it was never spawned, or was killed, or the host restarted. */
    record NoTrace() implements Adoption {}
}
