package io.drover.vmm.rtc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.SavedRtc;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.timer.Timer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;

/**
 * A Motorola MC146818 clock with its 128 bytes of memory, behind an index and a data port. It shows the host's time in UTC, and
 * when the guest sets it keeps the difference for as long as the machine lives.
 *
 * <p>
 * Interrupts: at the end of each update and at an alarm, both to the second. Left out: the periodic interrupt and the square
 * wave, for which kernels have better timers. An alarm that went by more than a minute before anybody looked is not reported;
 * while its interrupt is enabled the clock itself looks each second.
 */
public final class CmosRtc implements IoDevice {
    public static final int PORT = 0x70;
    public static final int PORTS = 2;
    public static final int IRQ = 8;
    /** The memory byte that holds the century, as the FADT tells. */
    public static final int CENTURY = 0x32;

    private static final int CMOS_BYTES = 128;

    private static final int SECONDS = 0;
    private static final int SECONDS_ALARM = 1;
    private static final int MINUTES = 2;
    private static final int MINUTES_ALARM = 3;
    private static final int HOURS = 4;
    private static final int HOURS_ALARM = 5;
    private static final int DAY_OF_WEEK = 6;
    private static final int DAY_OF_MONTH = 7;
    private static final int MONTH = 8;
    private static final int YEAR = 9;
    private static final int STATUS_A = 0x0A;
    private static final int STATUS_B = 0x0B;
    private static final int STATUS_C = 0x0C;
    private static final int STATUS_D = 0x0D;

    private static final int A_UPDATE_IN_PROGRESS = 1 << 7;
    /** A 32 kHz crystal, a rate of 1024 Hz. */
    private static final int A_AFTER_RESET = 0x26;
    private static final int B_SET = 1 << 7;
    private static final int B_UPDATE_INTERRUPT = 1 << 4;
    private static final int B_ALARM_INTERRUPT = 1 << 5;
    private static final int B_BINARY = 1 << 2;
    private static final int B_24_HOURS = 1 << 1;
    private static final int C_UPDATE_ENDED = 1 << 4;
    private static final int C_ALARM = 1 << 5;
    private static final int C_INTERRUPT = 1 << 7;
    private static final int D_VALID = 1 << 7;
    /** In an alarm register: any value will do. */
    private static final int ALARM_ANY = 0xC0;
    private static final long ALARM_LOOK_BACK_SECONDS = 60;
    private static final int AFTERNOON = 1 << 7;

    /** It announces an update for 244 µs and then takes 1984 µs for it (MC146818A, "Update Cycle"). */
    private static final long UPDATE_NANOS = 2_228_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long FOUR_GIB = 4L << 30;
    /** What can be set at most: two digits for the century, in binary. */
    private static final long MAX_YEAR = 25_600;
    private static final long SECONDS_PER_YEAR = 365L * 86_400;

    private final InstantSource clock;
    private final InterruptLine line;
    private final Timer timer;

    private final Object lock = new Object();
    /** The alarm, the status registers A and B, and everything from 0x0E; while time is being set, that too. */
    @GuardedBy("lock")
    private final byte[] cmos = new byte[CMOS_BYTES];
    @GuardedBy("lock")
    private int index;
    @GuardedBy("lock")
    private Duration setAhead = Duration.ZERO;
    @GuardedBy("lock")
    private long updateSeen;
    /** Of status register C. */
    @GuardedBy("lock")
    private int flags;
    @GuardedBy("lock")
    private boolean asserted;
    @GuardedBy("lock")
    private boolean timerSet;

    /**
     * A clock that shows {@code clock}'s time.
     *
     * @param timer
     *            used while the guest has interrupts enabled, once a second
     * @param lowRamBytes
     *            RAM below 4 GiB
     * @param highRamBytes
     *            RAM above
     */
    public CmosRtc(InstantSource clock, InterruptLine line, Timer timer, long lowRamBytes, long highRamBytes) {
        this.clock = clock;
        this.line = line;
        this.timer = timer;
        this.updateSeen = clock.instant().getEpochSecond();
        cmos[STATUS_A] = A_AFTER_RESET;
        cmos[STATUS_B] = B_24_HOURS;
        // As firmware leaves it: KiB of base memory, KiB above 1 MiB (twice), 64 KiB units above 16 MiB and above 4 GiB.
        store(cmos, 0x15, 2, 640);
        long kibAboveOneMib = Math.clamp((lowRamBytes >> 10) - 1024, 0, 0xFFFF);
        store(cmos, 0x17, 2, kibAboveOneMib);
        store(cmos, 0x30, 2, kibAboveOneMib);
        store(cmos, 0x34, 2, Math.clamp((Math.min(lowRamBytes, FOUR_GIB) >> 16) - 256, 0, 0xFFFF));
        store(cmos, 0x5B, 3, Math.clamp(highRamBytes >> 16, 0, 0xFF_FFFF));
    }

    /** Only the data port answers; the index port cannot be read. */
    @Override
    public long read(long offset, int bytes) {
        synchronized (lock) {
            return switch ((int) offset) {
                case 0 -> bytes == 1 ? 0xFF : 0xFF | (readRegister() << 8);
                default -> readRegister();
            };
        }
    }

    @Override
    public void write(long offset, int bytes, long value) {
        synchronized (lock) {
            if (offset == 0) {
                // The highest bit masks the NMI, of which there is none.
                index = (int) value & 0x7F;
            }
            if (offset == 1 || bytes > 1) {
                writeRegister((int) (offset == 1 ? value : value >> 8) & 0xFF);
            }
        }
    }

    /** All but the time, which is the host's. When no vCPU runs. */
    public SavedRtc save() {
        synchronized (lock) {
            return SavedRtc.newBuilder().setVersion(SavedStates.VERSION).setCmos(ByteString.copyFrom(cmos))
                    .setIndex(index).setSetAheadSeconds(setAhead.getSeconds()).setSetAheadNanos(setAhead.getNano())
                    .setUpdateSeen(updateSeen).setFlags(flags)
                    .build();
        }
    }

    /** Makes it what another was, and asserts its line again; it shows this host's time. Before any vCPU runs. */
    public void load(SavedRtc saved) throws SavedStateException {
        byte[] loaded = SavedStates.ofLength("CMOS", saved.getCmos(), CMOS_BYTES);
        if (Math.abs(saved.getSetAheadSeconds() / SECONDS_PER_YEAR) > MAX_YEAR) {
            throw new SavedStateException("saved state: clock : " + saved.getSetAheadSeconds()
                    + " seconds ahead (expected: at most " + MAX_YEAR + " years, ahead or behind)");
        }
        Duration ahead = Duration.ofSeconds(saved.getSetAheadSeconds(),
                SavedStates.inRange("nanoseconds that the clock is ahead", saved.getSetAheadNanos(), 0,
                        (int) NANOS_PER_SECOND - 1));
        synchronized (lock) {
            System.arraycopy(loaded, 0, cmos, 0, cmos.length);
            index = saved.getIndex() & 0x7F;
            setAhead = ahead;
            updateSeen = Math.min(saved.getUpdateSeen(), now().getEpochSecond());
            flags = saved.getFlags() & (C_UPDATE_ENDED | C_ALARM);
            updateLine();
            setTimer();
        }
    }

    @GuardedBy("lock")
    private int readRegister() {
        Instant now = now();
        return switch (index) {
            case SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY ->
                setting() ? cmos[index] & 0xFF : field(LocalDateTime.ofInstant(now, ZoneOffset.UTC), index);
            case STATUS_A -> cmos[STATUS_A] | (updating(now) ? A_UPDATE_IN_PROGRESS : 0);
            case STATUS_C -> {
                notice(now);
                int read = flags | (interrupting() ? C_INTERRUPT : 0);
                flags = 0;
                updateLine();
                yield read;
            }
            case STATUS_D -> D_VALID;
            default -> cmos[index] & 0xFF;
        };
    }

    @GuardedBy("lock")
    private void writeRegister(int value) {
        switch (index) {
            case SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY -> {
                boolean atOnce = !setting();
                if (atOnce) {
                    freeze();
                }
                cmos[index] = (byte) value;
                if (atOnce) {
                    thaw();
                }
            }
            case STATUS_A -> cmos[STATUS_A] = (byte) (value & ~A_UPDATE_IN_PROGRESS);
            case STATUS_B -> {
                boolean before = setting();
                boolean after = (value & B_SET) != 0;
                if (after && !before) {
                    freeze();
                }
                cmos[STATUS_B] = (byte) value;
                if (before && !after) {
                    thaw();
                }
                updateLine();
                setTimer();
            }
            case STATUS_C, STATUS_D -> {
                // Read only.
            }
            default -> cmos[index] = (byte) value;
        }
    }

    /** Called by the timer at the start of a second. */
    private void second() {
        synchronized (lock) {
            timerSet = false;
            notice(now());
            updateLine();
            setTimer();
        }
    }

    /** Sets the flags for the seconds that have begun since the last time. */
    @GuardedBy("lock")
    private void notice(Instant now) {
        long second = now.getEpochSecond();
        if (setting() || second == updateSeen) {
            return;
        }
        flags |= C_UPDATE_ENDED;
        for (long each = Math.max(updateSeen + 1, second - ALARM_LOOK_BACK_SECONDS); each <= second; each++) {
            LocalDateTime time = LocalDateTime.ofEpochSecond(each, 0, ZoneOffset.UTC);
            if (alarmMatches(time, SECONDS_ALARM, SECONDS) && alarmMatches(time, MINUTES_ALARM, MINUTES)
                    && alarmMatches(time, HOURS_ALARM, HOURS)) {
                flags |= C_ALARM;
            }
        }
        updateSeen = second;
    }

    @GuardedBy("lock")
    private boolean alarmMatches(LocalDateTime time, int alarm, int register) {
        int wanted = cmos[alarm] & 0xFF;
        return (wanted & ALARM_ANY) == ALARM_ANY || wanted == field(time, register);
    }

    /** The enables of register B lie where the flags of register C do. */
    @GuardedBy("lock")
    private boolean interrupting() {
        return (flags & cmos[STATUS_B] & (C_UPDATE_ENDED | C_ALARM)) != 0;
    }

    @GuardedBy("lock")
    private void updateLine() {
        boolean level = interrupting();
        if (level != asserted) {
            asserted = level;
            line.set(level);
        }
    }

    @GuardedBy("lock")
    private void setTimer() {
        boolean wanted = (cmos[STATUS_B] & (B_UPDATE_INTERRUPT | B_ALARM_INTERRUPT)) != 0 && !setting();
        if (wanted && !timerSet) {
            timerSet = true;
            // Looks by itself whether it is still wanted.
            Timer.Wakeup _ = timer.after(NANOS_PER_SECOND - now().get(ChronoField.NANO_OF_SECOND), this::second);
        }
    }

    @GuardedBy("lock")
    private Instant now() {
        return clock.instant().plus(setAhead);
    }

    @GuardedBy("lock")
    private boolean setting() {
        return (cmos[STATUS_B] & B_SET) != 0;
    }

    @GuardedBy("lock")
    private boolean updating(Instant now) {
        return !setting() && now.get(ChronoField.NANO_OF_SECOND) >= NANOS_PER_SECOND - UPDATE_NANOS;
    }

    /** Puts the time into the registers, where the guest may change it. */
    @GuardedBy("lock")
    private void freeze() {
        LocalDateTime time = LocalDateTime.ofInstant(now(), ZoneOffset.UTC);
        for (int register : new int[] {SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY}) {
            cmos[register] = (byte) field(time, register);
        }
    }

    /** Goes on from the time in the registers; from where it was when that is no time. */
    @GuardedBy("lock")
    private void thaw() {
        try {
            LocalDateTime time = LocalDateTime.of(number(CENTURY) * 100 + number(YEAR), number(MONTH),
                    number(DAY_OF_MONTH), hour(), number(MINUTES), number(SECONDS));
            Instant host = clock.instant();
            // The guest's second begins now.
            setAhead = Duration.between(host, time.toInstant(ZoneOffset.UTC));
        } catch (DateTimeException ignored) {
            // A guest that sets the 31st of February keeps the time it had.
        }
        updateSeen = now().getEpochSecond();
    }

    @GuardedBy("lock")
    private int field(LocalDateTime time, int register) {
        return switch (register) {
            case SECONDS -> encoded(time.getSecond());
            case MINUTES -> encoded(time.getMinute());
            case HOURS -> {
                if ((cmos[STATUS_B] & B_24_HOURS) != 0) {
                    yield encoded(time.getHour());
                }
                int hour = time.getHour() % 12;
                yield encoded(hour == 0 ? 12 : hour) | (time.getHour() >= 12 ? AFTERNOON : 0);
            }
            // Sunday is 1.
            case DAY_OF_WEEK -> encoded(time.getDayOfWeek().getValue() % 7 + 1);
            case DAY_OF_MONTH -> encoded(time.getDayOfMonth());
            case MONTH -> encoded(time.getMonthValue());
            case YEAR -> encoded(Math.floorMod(time.getYear(), 100));
            default -> encoded(Math.floorMod(time.getYear() / 100, 100));
        };
    }

    @GuardedBy("lock")
    private int hour() {
        if ((cmos[STATUS_B] & B_24_HOURS) != 0) {
            return number(HOURS);
        }
        int hour = decoded(cmos[HOURS] & ~AFTERNOON & 0xFF) % 12;
        return (cmos[HOURS] & AFTERNOON) != 0 ? hour + 12 : hour;
    }

    @GuardedBy("lock")
    private int number(int register) {
        return decoded(cmos[register] & 0xFF);
    }

    @GuardedBy("lock")
    private int encoded(int number) {
        return (cmos[STATUS_B] & B_BINARY) != 0 ? number : ((number / 10) << 4) | (number % 10);
    }

    @GuardedBy("lock")
    private int decoded(int value) {
        return (cmos[STATUS_B] & B_BINARY) != 0 ? value : (value >> 4) * 10 + (value & 0xF);
    }

    private static void store(byte[] cmos, int register, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            cmos[register + i] = (byte) (value >>> (8 * i));
        }
    }
}
