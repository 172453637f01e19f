package io.drover.controller.agent;

import io.drover.controller.record.HostId;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.VmId;
import java.util.Set;

/** Hears of hosts, on the thread that talks to the host: must not block. */
public interface HostListener {
    /** The host has come into reach, or gone out of it. */
    default void reachChanged(HostId host) {}

    /** The host tells something new of a VM with this name. */
    default void observed(HostId host, VmId vm) {}

    /** The host holds these image files: all of them, or besides those told before. */
    default void filesHeld(HostId host, Set<Sha256> files, boolean all) {}
}
