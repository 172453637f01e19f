package io.drover.agent.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class HandOffRunTest {
    private final List<String> done = new ArrayList<>();
    private final List<HandOff> over = new ArrayList<>();
    private boolean diskFull;

    private HandOffRun start(HandOff.Step first) {
        return HandOffRun.start("vm-1", first,
                new HandOffRun.Surroundings(Runnable::run, new FakeRecord(), new Machine(), new Disk(),
                        alarm -> done.add("wake " + alarm), over::add));
    }

    private static HandOffEvent seen(Migration migration, int version) {
        return new HandOffEvent.Seen(new Sight(Optional.of(HandOffTable.record(7, migration)), version));
    }

    @Test
    void nothingIsWrittenUnlessTheNoteOfItIsDurable() {
        HandOffRun run = start(SourceHandOff.begin(HandOffTable.M));
        run.accept(seen(new Migration.Copying(HandOffTable.M, HandOffTable.AT, false), 2));
        run.accept(new HandOffEvent.StreamBroken("cut"));
        done.clear();
        diskFull = true;
        HandOffEvent copying = seen(new Migration.Copying(HandOffTable.M, HandOffTable.AT, false), 2);
        run.accept(copying);
        assertThat(done).containsExactly("wake RETRY");

        done.clear();
        diskFull = false;
        run.accept(new HandOffEvent.Woken(Alarm.RETRY));
        run.accept(copying);
        assertThat(done).containsExactly("read", "keep", "write FAILED");
    }

    @Test
    void whatTellsOfTheRecordAsItWasBeforeIsNotHeard() {
        HandOffRun run = start(DestinationHandOff.begin(HandOffTable.M));
        run.accept(new HandOffEvent.Listening(HandOffTable.AT));
        run.accept(seen(new Migration.Preparing(HandOffTable.M, false), 1));
        done.clear();
        run.accept(seen(new Migration.None(), 0));
        assertThat(done).isEmpty();
        run.accept(new HandOffEvent.Seen(new Sight(Optional.empty(), 0)));
        assertThat(done).containsExactly("destroy", "forget");
    }

    @Test
    void theEndIsToldOnceAndNothingComesAfterIt() {
        HandOffRun run = start(SourceHandOff.begin(HandOffTable.M));
        run.accept(seen(new Migration.Failed(HandOffTable.M, "why"), 3));
        run.accept(new HandOffEvent.RecordMayHaveChanged());
        run.accept(seen(new Migration.Failed(HandOffTable.M, "why"), 3));
        assertThat(over).containsExactly(new SourceHandOff.Kept(HandOffTable.M, 7));
        assertThat(done).containsExactly("wake DEADLINE", "keep", "read", "resume 7", "forget");
    }

    @Test
    void aHostJoinsWhatTheRecordHasForIt() {
        Hold preparing = HandOffTable.record(7, new Migration.Preparing(HandOffTable.M, false));
        Hold copying = HandOffTable.record(7, new Migration.Copying(HandOffTable.M, HandOffTable.AT, false));
        assertThat(HandOff.join(preparing, HandOffTable.SOURCE)).contains(SourceHandOff.begin(HandOffTable.M));
        assertThat(HandOff.join(copying, HandOffTable.SOURCE)).contains(SourceHandOff.begin(HandOffTable.M));
        assertThat(HandOff.join(preparing, HandOffTable.DESTINATION))
                .contains(DestinationHandOff.begin(HandOffTable.M));
        assertThat(HandOff.join(copying, HandOffTable.DESTINATION)).isEmpty();
        assertThat(HandOff.join(Hold.of(HandOffTable.SOURCE, 7), HandOffTable.SOURCE)).isEmpty();
    }

    private final class FakeRecord implements OwnershipRecord {
        @Override
        public void read(Consumer<HandOffEvent> answer) {
            done.add("read");
        }

        @Override
        public void write(HandOffAction.Write write, Consumer<HandOffEvent> answer) {
            done.add("write " + (write.next().migration() instanceof Migration.Failed ? "FAILED" : "other"));
        }
    }

    private final class Disk implements Notes {
        @Override
        public void keep(HandOffNote note) throws IOException {
            if (diskFull) {
                throw new IOException("No space left on device");
            }
            done.add("keep");
        }

        @Override
        public void forget() {
            done.add("forget");
        }
    }

    private final class Machine implements GuestMachine {
        @Override
        public void receive(Move move) {
            done.add("receive");
        }

        @Override
        public void send(Move move, String address) {
            done.add("send");
        }

        @Override
        public void finish() {
            done.add("finish");
        }

        @Override
        public void resume(long epoch) {
            done.add("resume " + epoch);
        }

        @Override
        public void destroy(String why) {
            done.add("destroy");
        }
    }
}
