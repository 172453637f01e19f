package io.drover.vmm.process;

import io.drover.vmm.lease.Rise;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.Machine;
import io.drover.vmm.machine.Refusal;

/**
 * Under which epoch the guest is let run. It is the one that the process was started with, until the hand-off of a migration ends
 * with another: at the source, which may have been switched and takes the guest back, or at the destination, to which it came.
 * One hand-off raises the epoch once. Owned by the control server's thread.
 */
final class Resuming {
    private final Machine machine;
    private final Sending sending;
    private final Runnable raised;
    /** The guest came from another VMM, and nobody has let it run here yet. */
    private boolean arrived;

    /**
     * @param arrived
     *            whether the guest came from another VMM
     * @param raised
     *            hears that the machine has another epoch
     */
    Resuming(Machine machine, Sending sending, boolean arrived, Runnable raised) {
        this.machine = machine;
        this.sending = sending;
        this.arrived = arrived;
        this.raised = raised;
    }

    /** Twice is as once. */
    void resume(long epoch, Answer answer) {
        long own = machine.epoch();
        if (epoch == own) {
            resumeUnderOwn(answer);
        } else if (epoch > own && (arrived || sending.mayRaiseEpoch())) {
            raise(epoch, answer);
        } else {
            answer.refused(Refusal.WRONG_EPOCH, "epoch : " + epoch + " (expected: " + own
                    + ", the one under which this VMM may run the guest; a higher one only as a migration's hand-off ends)");
        }
    }

    private void resumeUnderOwn(Answer answer) {
        if (sending.holdsGuest()) {
            answer.refused(Refusal.BUSY,
                    "the guest is being switched to another host; next: wait until its migration was SENT or has FAILED");
            return;
        }
        arrived = false;
        sending.afterWithdrawal(() -> machine.resume(answer));
    }

    private void raise(long epoch, Answer answer) {
        switch (machine.raiseEpoch(epoch)) {
            case Rise.Done() -> {
                arrived = false;
                sending.withdraw();
                raised.run();
                sending.afterWithdrawal(() -> machine.resume(answer));
            }
            case Rise.WrongEpoch(String why) -> answer.refused(Refusal.WRONG_EPOCH, why);
        }
    }
}
