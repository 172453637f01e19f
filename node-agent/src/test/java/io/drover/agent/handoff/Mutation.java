package io.drover.agent.handoff;

/** A mistake that the simulated cloud makes on purpose, to show that the simulation would find it. */
enum Mutation {
    /** None. */
    NONE,
    /** The destination lets the guest run when it has it all, and records it then. */
    RUN_BEFORE_RECORD,
    /** A compare-and-set whose answer was lost is taken for done. */
    GUESS_DONE,
    /** A commit whose answer was lost is taken for failed: what was received is thrown away. */
    GUESS_FAILED,
    /** A lease is counted from when the answer to a ping came, not from when the ping was sent. */
    LEASE_FROM_ANSWER,
    /** A VM is taken over as soon as its host's session is gone. */
    NO_TAKEOVER_WAIT,
    /** The source ends its machine when it has sent everything. */
    DESTROY_WHEN_SENT,
    /** The source lets the guest run again when the stream breaks, and records it then. */
    RESUME_WHEN_BROKEN,
    /** What a follower says is taken for what is, without a sync. */
    STALE_READ,
    /** The guest of a source that is away while it switches is taken over though its destination is there. */
    TAKE_FROM_DESTINATION
}
