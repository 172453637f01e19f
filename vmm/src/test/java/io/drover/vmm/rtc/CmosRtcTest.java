package io.drover.vmm.rtc;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.timer.Timer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class CmosRtcTest {
    private static final long LOW_BYTES = 3L << 30;
    private static final long HIGH_BYTES = 5L << 30;

    private Instant now = Instant.parse("2026-11-22T14:05:09.25Z");
    private final RecordedLine line = new RecordedLine();
    private final List<Long> waits = new ArrayList<>();
    private Runnable wakeUp = () -> waits.clear();
    private final CmosRtc rtc = new CmosRtc(() -> now, line, this::setTimer, LOW_BYTES, HIGH_BYTES);

    private Timer.Wakeup setTimer(long nanos, Runnable action) {
        waits.add(nanos);
        wakeUp = action;
        return () -> {};
    }

    @Test
    void showsTheTimeInBcdByDefault() {
        assertThat(new int[] {get(0), get(2), get(4), get(6), get(7), get(8), get(9), get(0x32)})
                .containsExactly(0x09, 0x05, 0x14, 1, 0x22, 0x11, 0x26, 0x20);
        assertThat(get(0x0B)).isEqualTo(2);
        assertThat(get(0x0D)).isEqualTo(0x80);
    }

    @Test
    void showsTheTimeInBinaryAndTwelveHoursWhenTold() {
        put(0x0B, 1 << 2);
        assertThat(get(4)).isEqualTo(0x82);
        assertThat(get(7)).isEqualTo(22);
        now = Instant.parse("2026-11-22T00:30:00Z");
        assertThat(get(4)).isEqualTo(12);
        put(0x0B, 0);
        now = Instant.parse("2026-11-22T12:30:00Z");
        assertThat(get(4)).isEqualTo(0x92);
    }

    @Test
    void theEndOfASecondIsAnnounced() {
        assertThat(get(0x0A)).isEqualTo(0x26);
        now = Instant.parse("2026-11-22T14:05:09.998Z");
        assertThat(get(0x0A)).isEqualTo(0xA6);
        now = Instant.parse("2026-11-22T14:05:10Z");
        assertThat(get(0x0A)).isEqualTo(0x26);
    }

    @Test
    void updateEndedIsSetOnceInASecond() {
        assertThat(get(0x0C)).isZero();
        now = now.plusSeconds(1);
        assertThat(get(0x0C)).isEqualTo(0x10);
        assertThat(get(0x0C)).isZero();
    }

    @Test
    void updateInterruptComesEachSecondWhileItIsEnabled() {
        put(0x0B, 0x12);
        assertThat(waits).containsExactly(750_000_000L);
        now = Instant.parse("2026-11-22T14:05:10Z");
        wakeUp.run();
        assertThat(line.asserted()).isTrue();
        assertThat(waits).containsExactly(750_000_000L, 1_000_000_000L);
        assertThat(get(0x0C)).isEqualTo(0x90);
        assertThat(line.asserted()).isFalse();

        put(0x0B, 0x02);
        now = now.plusSeconds(1);
        wakeUp.run();
        assertThat(line.asserted()).isFalse();
        assertThat(waits).hasSize(2);
    }

    @Test
    void alarmInterruptComesAtItsTime() {
        put(1, 0x11);
        put(3, 0x05);
        put(5, 0x14);
        put(0x0B, 0x22);
        now = Instant.parse("2026-11-22T14:05:10Z");
        wakeUp.run();
        assertThat(line.asserted()).isFalse();
        now = now.plusSeconds(1);
        wakeUp.run();
        assertThat(line.asserted()).isTrue();
        assertThat(get(0x0C)).isEqualTo(0xB0);
        assertThat(line.asserted()).isFalse();
        now = now.plusSeconds(60);
        wakeUp.run();
        assertThat(line.asserted()).isFalse();
    }

    @Test
    void alarmFieldsMayMatchAnything() {
        put(1, 0x30);
        put(3, 0xFF);
        put(5, 0xC0);
        assertThat(get(0x0C)).isZero();
        now = Instant.parse("2026-11-22T14:05:29Z");
        assertThat(get(0x0C)).isEqualTo(0x10);
        now = Instant.parse("2026-11-22T14:06:31Z");
        assertThat(get(0x0C)).isEqualTo(0x30);
    }

    @Test
    void guestsSetTheTimeWhileUpdatesAreHeld() {
        put(0x0B, 0x82);
        put(0, 0x58);
        put(2, 0x59);
        put(4, 0x23);
        put(7, 0x31);
        put(8, 0x12);
        put(9, 0x99);
        put(0x32, 0x19);
        now = now.plusSeconds(30);
        assertThat(get(0)).isEqualTo(0x58);
        put(0x0B, 2);

        now = now.plusSeconds(2);
        assertThat(new int[] {get(0), get(2), get(4), get(7), get(8), get(9), get(0x32)}).containsExactly(0, 0, 0, 1, 1,
                0,
                0x20);
    }

    @Test
    void aTimeThatDoesNotExistIsNotTaken() {
        put(8, 0x13);
        assertThat(get(8)).isEqualTo(0x11);
        put(7, 0x31);
        assertThat(get(7)).isEqualTo(0x22);
        put(2, 0x06);
        assertThat(get(2)).isEqualTo(0x06);
        assertThat(get(4)).isEqualTo(0x14);
    }

    @Test
    void memorySizesAreWhereFirmwareLeavesThem() {
        assertThat(get(0x15) | get(0x16) << 8).isEqualTo(640);
        assertThat(get(0x17) | get(0x18) << 8).isEqualTo(0xFFFF);
        assertThat((get(0x34) | get(0x35) << 8) + 256L).isEqualTo(LOW_BYTES >> 16);
        assertThat((long) (get(0x5B) | get(0x5C) << 8 | get(0x5D) << 16)).isEqualTo(HIGH_BYTES >> 16);
    }

    @Test
    void memoryIsKeptAndTheIndexHasSevenBits() {
        put(0x7F, 0xA5);
        assertThat(get(0xFF)).isEqualTo(0xA5);
        assertThat(rtc.read(0, 1)).isEqualTo(0xFF);
        rtc.write(0, 2, 0x5A_7F);
        assertThat(rtc.read(1, 1)).isEqualTo(0x5A);
        put(0x0D, 0);
        assertThat(get(0x0D)).isEqualTo(0x80);
    }

    @Property
    void whatIsReadIsTheTime(@ForAll @LongRange(min = 0, max = 4_000_000_000L) long second) {
        now = Instant.ofEpochSecond(second);
        LocalDateTime time = LocalDateTime.of(bcd(0x32) * 100 + bcd(9), bcd(8), bcd(7), bcd(4), bcd(2), bcd(0));
        assertThat(time.toInstant(ZoneOffset.UTC)).isEqualTo(now);
    }

    @Property(tries = 200)
    void anyAccessIsAnsweredAndTimeGoesOn(@ForAll long seed) {
        RandomAccesses.to(rtc, CmosRtc.PORTS, seed);
        put(0x0B, 2);
        wakeUp.run();
        assertThat(line.asserted()).isFalse();
        int before = bcd(0);
        now = now.plus(Duration.ofSeconds(7));
        assertThat(bcd(0)).isEqualTo((before + 7) % 60);
    }

    private int bcd(int register) {
        int value = get(register);
        return (value >> 4) * 10 + (value & 15);
    }

    private int get(int register) {
        rtc.write(0, 1, register);
        return (int) rtc.read(1, 1);
    }

    private void put(int register, int value) {
        rtc.write(0, 1, register);
        rtc.write(1, 1, value);
    }
}
