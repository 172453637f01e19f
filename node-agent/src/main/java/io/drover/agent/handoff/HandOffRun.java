package io.drover.agent.handoff;

import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One side of one hand-off: carries out what its state machine says, one event after the other.
 */
public final class HandOffRun {
    private static final Logger log = LoggerFactory.getLogger(HandOffRun.class);

    /**
     * What it acts upon.
     *
     * @param queue does one thing after the other
     * @param over told the last state, once, by the queue
     */
    public record Surroundings(Executor queue, OwnershipRecord record, GuestMachine machine, Notes notes, Alarms alarms,
            Consumer<HandOff> over) {}

    private final String vm;
    private final Surroundings on;
    // Owned by the queue.
    private HandOff state;
    private int newestVersion;

    /**
     * Begins; the first step is done by the queue.
     *
     * @param vm for the log
     */
    public static HandOffRun start(String vm, HandOff.Step first, Surroundings on) {
        HandOffRun run = new HandOffRun(vm, first.next(), on);
        on.queue().execute(() -> run.perform(first));
        return run;
    }

    private HandOffRun(String vm, HandOff state, Surroundings on) {
        this.vm = vm;
        this.state = state;
        this.on = on;
    }

    /** Something has happened. Any thread; after the end nothing comes of it. */
    public void accept(HandOffEvent event) {
        on.queue().execute(() -> {
            if (!state.isOver() && !isOutdated(event)) {
                HandOff.Step step = state.after(event);
                log.debug("VM {}: migration {}: {} after {}", vm, state.move().id(), step.next(), event);
                perform(step);
            }
        });
    }

    /**
     * Whether it tells of the record as it was before what is known already. One session is answered in order, but an answer
     * that was late under one session may come after those of the next.
     */
    private boolean isOutdated(HandOffEvent event) {
        if (!(event instanceof HandOffEvent.Seen(Sight sight)) || sight.hold().isEmpty()) {
            return false;
        }
        boolean outdated = sight.version() < newestVersion;
        newestVersion = Math.max(newestVersion, sight.version());
        return outdated;
    }

    private void perform(HandOff.Step step) {
        if (!step.next().getClass().equals(state.getClass())) {
            log.info("VM {}: migration {} from {} to {}: {}", vm, step.next().move().id(), step.next().move().source(),
                    step.next().move().destination(), step.next().getClass().getSimpleName());
        }
        state = step.next();
        try {
            for (HandOffAction action : step.actions()) {
                perform(action);
            }
        } catch (IOException e) {
            // What was to follow must not happen unless the note is durable. The record is read again, and all tried again.
            log.error("VM {}: migration {}: what the next agent has to know cannot be recorded; trying again", vm,
                    state.move().id(), e);
            on.alarms().wake(Alarm.RETRY);
        }
        if (state.isOver()) {
            on.over().accept(state);
        }
    }

    private void perform(HandOffAction action) throws IOException {
        switch (action) {
            case HandOffAction.Read() -> on.record().read(this::accept);
            case HandOffAction.Write write -> on.record().write(write, this::accept);
            case HandOffAction.Keep(HandOffNote note) -> on.notes().keep(note);
            case HandOffAction.Forget() -> forget();
            case HandOffAction.Receive(var move) -> on.machine().receive(move);
            case HandOffAction.Send(var move, String address) -> on.machine().send(move, address);
            case HandOffAction.Finish() -> on.machine().finish();
            case HandOffAction.Resume(long epoch) -> on.machine().resume(epoch);
            case HandOffAction.Destroy(String why) -> on.machine().destroy(why);
            case HandOffAction.Wake(Alarm alarm) -> on.alarms().wake(alarm);
        }
    }

    private void forget() {
        try {
            on.notes().forget();
        } catch (IOException e) {
            log.warn("VM {}: migration {}: its note stays; the next agent reads the record again", vm,
                    state.move().id(), e);
        }
    }
}
