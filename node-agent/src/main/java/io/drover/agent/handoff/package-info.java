/**
 * The hand-off of a live migration: who runs the guest at each moment, on the source's side and on the destination's. The two
 * state machines know no clock and do no I/O; {@link io.drover.agent.handoff.HandOffRun} carries out what they say.
 * docs/hand-off.md says why it is as it is.
 *
 * <p>
 * Both machines look at nothing but the record as it is after a sync, and at what their own machine process says. Whatever
 * goes wrong on the way to ZooKeeper ends in reading the record again.
 */
package io.drover.agent.handoff;
