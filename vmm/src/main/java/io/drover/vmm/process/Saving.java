package io.drover.vmm.process;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.Event;
import io.drover.proto.vmm.v1.SaveProgress;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.Machine;
import io.drover.vmm.machine.MachineState;
import io.drover.vmm.machine.Pauses;
import io.drover.vmm.machine.Refusal;
import io.drover.vmm.machine.StillMachine;
import io.drover.vmm.snapshot.SnapshotWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Saves a machine into a file, step by step: pause it, write it, and let it run again if it did and shall, or if it could not be
 * written. One at a time.
 */
final class Saving {
    /** Progress is told once for so much memory. */
    private static final long TOLD_BYTES = 64 << 20;

    private enum Stage {
        NONE, SAVING, CANCELLED
    }

    private final Machine machine;
    private final Consumer<Event> events;
    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.NONE);

    /**
     * None is under way.
     *
     * @param events
     *            hears of the progress
     */
    Saving(Machine machine, Consumer<Event> events) {
        this.machine = machine;
        this.events = events;
    }

    /** As a SaveRequest wants it. Does not wait. */
    void save(Path file, boolean resume, Answer answer) {
        if (!stage.compareAndSet(Stage.NONE, Stage.SAVING)) {
            answer.refused(Refusal.BUSY, "the VM is being saved already (expected: one at a time)");
            return;
        }
        boolean running = runsWhenItMay(machine.state());
        machine.pause(new Answer() {
            @Override
            public void done() {
                machine.whilePaused(still -> write(file, still), new Written(running, resume, answer));
            }

            @Override
            public void refused(Refusal reason, String why) {
                stage.set(Stage.NONE);
                answer.refused(reason, why);
            }
        });
    }

    /** One that stands still for want of a lease alone is to go on, when it has one, as if it had not been saved. */
    private static boolean runsWhenItMay(MachineState state) {
        return switch (state) {
            case MachineState.Running _ -> true;
            case MachineState.Pausing(Pauses by) -> !by.asked();
            case MachineState.Paused(Pauses by) -> !by.asked();
            case MachineState.Built _,MachineState.Ending _,MachineState.Ended _ -> false;
        };
    }

    /** As a CancelSaveRequest wants it. */
    void cancel(Answer answer) {
        if (stage.compareAndSet(Stage.SAVING, Stage.CANCELLED)) {
            answer.done();
        } else {
            answer.refused(Refusal.FAILED, "the VM is not being saved");
        }
    }

    private void write(Path file, StillMachine still) throws IOException {
        try (SnapshotWriter writer = SnapshotWriter.create(file)) {
            ByteString state = still.state().toByteString();
            still.flushDisks();
            long[] told = {0};
            writer.write(still.memory(), still.backing(), state, (lookedAt, written) -> {
                if (still.isEnding() || stage.get() == Stage.CANCELLED) {
                    throw new IOException("saving was cancelled; nothing was saved");
                }
                if (lookedAt - told[0] >= TOLD_BYTES || lookedAt == still.memory().size()) {
                    told[0] = lookedAt;
                    events.accept(Event.newBuilder().setSave(SaveProgress.newBuilder().setLookedAtBytes(lookedAt)
                            .setWrittenBytes(written).setMemoryBytes(still.memory().size())).build());
                }
            });
        }
    }

    /** What follows the writing, on the machine's thread. */
    private final class Written implements Answer {
        private final boolean wasRunning;
        private final boolean resume;
        private final Answer answer;

        Written(boolean wasRunning, boolean resume, Answer answer) {
            this.wasRunning = wasRunning;
            this.resume = resume;
            this.answer = answer;
        }

        @Override
        public void done() {
            stage.set(Stage.NONE);
            if (wasRunning && resume) {
                machine.resume(answer);
            } else {
                answer.done();
            }
        }

        @Override
        public void refused(Refusal reason, String why) {
            Refusal told = stage.getAndSet(Stage.NONE) == Stage.CANCELLED ? Refusal.CANCELLED : reason;
            if (!wasRunning) {
                answer.refused(told, why);
                return;
            }
            machine.resume(new Answer() {
                @Override
                public void done() {
                    answer.refused(told, why);
                }

                @Override
                public void refused(Refusal second, String whyNotResumed) {
                    answer.refused(told, why + "; and it does not run on: " + whyNotResumed);
                }
            });
        }
    }
}
