package io.drover.agent.handoff;

import io.drover.scheduler.migration.Move;

/**
 * The VM's machine on this host, as far as a hand-off needs it. What comes of it are events: Listening, Converged, Complete,
 * StreamBroken, MachineGone. Events that were missed are told again to an agent that comes back and asks for the same thing.
 *
 * <p>
 * A stream that ends because the destination has said that it has everything is not broken. A peer that says nothing for some
 * seconds is. All of these return soon; one that cannot be done ends the machine, which is then told.
 */
public interface GuestMachine {
    /** As {@link HandOffAction.Receive}. */
    void receive(Move move);

    /** As {@link HandOffAction.Send}. */
    void send(Move move, String address);

    /** As {@link HandOffAction.Finish}. */
    void finish();

    /** As {@link HandOffAction.Resume}. */
    void resume(long epoch);

    /** As {@link HandOffAction.Destroy}. */
    void destroy(String why);
}
