package io.drover.agent.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ScheduledAlarmsTest {
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    private final BlockingQueue<HandOffEvent> woken = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private ScheduledAlarms alarms(Duration retry) {
        timer.setRemoveOnCancelPolicy(true);
        return new ScheduledAlarms(timer, new ScheduledAlarms.Patience(retry, Duration.ofHours(1), Duration.ofHours(1)),
                woken::add);
    }

    @Test
    void anAlarmThatIsSetComes() throws InterruptedException {
        try (ScheduledAlarms alarms = alarms(Duration.ofMillis(1))) {
            alarms.wake(Alarm.DEADLINE);
            alarms.wake(Alarm.RETRY);
            assertThat(woken.poll(60, TimeUnit.SECONDS)).isEqualTo(new HandOffEvent.Woken(Alarm.RETRY));
            assertThat(woken).isEmpty();
        }
    }

    @Test
    void anAlarmSetAgainTakesTheOnesPlaceThatWasSetBefore() {
        ScheduledAlarms alarms = alarms(Duration.ofHours(1));
        for (Alarm alarm : Alarm.values()) {
            alarms.wake(alarm);
            alarms.wake(alarm);
        }
        assertThat(timer.getQueue()).hasSize(Alarm.values().length);
        alarms.close();
        assertThat(timer.getQueue()).isEmpty();
    }
}
