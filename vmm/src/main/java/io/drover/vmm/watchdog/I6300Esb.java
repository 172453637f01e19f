package io.drover.vmm.watchdog;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedWatchdog;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.timer.GuestTime;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The watchdog timer of Intel's 6300ESB I/O controller hub (datasheet 300641-004, chapter 16), which kernels know as i6300esb. It
 * counts down twice: at the end of the first count it may interrupt, at the end of the second it acts. A reload begins at the
 * first again. Each write to a preload value or the reload register must be announced by writing 0x80 and 0x86 to the latter, so
 * that a kernel gone wild does not feed it by chance.
 *
 * <p>
 * Counts while the guest runs only. Once it has acted it rests until the next reload; in free-running mode it goes on by itself.
 * vCPUs write registers, the timer's thread counts, all under this object's lock.
 */
final class I6300Esb implements IoDevice {
    /** Of the registers in memory. */
    static final int BYTES = 16;

    /** In configuration space. */
    static final int CONFIGURATION = 0x60;
    static final int LOCK = 0x68;

    private static final int TIMER_1 = 0;
    private static final int TIMER_2 = 4;
    private static final int INTERRUPT_STATUS = 8;
    private static final int RELOAD = 12;

    private static final int INTERRUPT_TYPE = 0b11;
    /** By the pin; the other types are SMI, which there is none of, and none. */
    private static final int INTERRUPT_BY_PIN = 0;
    /** Counts in microseconds, roughly, and not in milliseconds. */
    private static final int FAST = 1 << 2;
    private static final int OUTPUT_OFF = 1 << 5;
    private static final int CONFIGURATION_BITS = INTERRUPT_TYPE | FAST | OUTPUT_OFF;

    private static final int LOCKED = 1;
    private static final int ENABLED = 1 << 1;
    private static final int FREE_RUNNING = 1 << 2;
    private static final int LOCK_BITS = LOCKED | ENABLED | FREE_RUNNING;

    private static final int RELOAD_NOW = 1 << 8;
    /** It has acted; a one clears it. */
    private static final int TIMED_OUT = 1 << 9;
    private static final int UNLOCK_1 = 0x80;
    private static final int UNLOCK_2 = 0x86;

    private static final int PRELOAD_BITS = 0xF_FFFF;
    private static final int SLOW_SHIFT = 15;
    private static final int FAST_SHIFT = 5;
    /** Of the PCI clock. */
    private static final long MEGAHERTZ = 33;
    /** The shortest count that is kept to: else a guest could keep the host busy with nothing. */
    private static final long MIN_NANOS = 1_000_000;

    private enum Stage {
        RESTING(0), FIRST(1), SECOND(2);

        /** As saved states have it. */
        private final int number;

        Stage(int number) {
            this.number = number;
        }

        static Stage of(int number) throws SavedStateException {
            return switch (number) {
                case 0 -> RESTING;
                case 1 -> FIRST;
                case 2 -> SECOND;
                default -> throw new SavedStateException(
                        "saved state: stage of the watchdog : " + number + " (expected: 0 to 2)");
            };
        }
    }

    private final GuestTime time;
    private final GuestTime.Alarm alarm;
    private final Consumer<Boolean> pin;
    private final Runnable expired;

    @GuardedBy("this")
    private int configuration;
    @GuardedBy("this")
    private int lock;
    @GuardedBy("this")
    private int preload1 = PRELOAD_BITS;
    @GuardedBy("this")
    private int preload2 = PRELOAD_BITS;
    /** How many of the two announcing writes have come. */
    @GuardedBy("this")
    private int announced;
    @GuardedBy("this")
    private boolean interrupting;
    @GuardedBy("this")
    private boolean timedOut;
    @GuardedBy("this")
    private Stage stage = Stage.RESTING;
    @GuardedBy("this")
    private long due;
    @GuardedBy("this")
    private long expirations;

    /**
     * Not armed.
     *
     * @param pin
     *            sets the function's interrupt pin
     * @param expired
     *            acts; called under no lock, on the timer's thread
     */
    I6300Esb(GuestTime time, Consumer<Boolean> pin, Runnable expired) {
        this.time = time;
        this.alarm = time.alarm(this::counted);
        this.pin = pin;
        this.expired = expired;
    }

    synchronized WatchdogState state() {
        long left = switch (stage) {
            case RESTING -> 0;
            case FIRST -> due - time.nanos() + nanos(preload2);
            case SECOND -> due - time.nanos();
        };
        return new WatchdogState(stage == Stage.RESTING ? Optional.empty()
                : Optional.of(Duration.ofNanos(Math.max(left, 0))), expirations);
    }

    synchronized SavedWatchdog save() {
        return SavedWatchdog.newBuilder().setVersion(SavedStates.VERSION).setConfiguration(configuration).setLock(lock)
                .setPreload1(preload1).setPreload2(preload2).setAnnounced(announced).setInterrupting(interrupting)
                .setTimedOut(timedOut).setStage(stage.number).setDueNanos(due).build();
    }

    /** Makes it what another was, in time that stands where it stood for that one. */
    synchronized void load(SavedWatchdog saved) throws SavedStateException {
        stage = Stage.of(saved.getStage());
        configuration = saved.getConfiguration() & CONFIGURATION_BITS;
        lock = saved.getLock() & LOCK_BITS;
        preload1 = saved.getPreload1() & PRELOAD_BITS;
        preload2 = saved.getPreload2() & PRELOAD_BITS;
        announced = SavedStates.inRange("announcements of the watchdog", saved.getAnnounced(), 0, 2);
        interrupting = saved.getInterrupting();
        timedOut = saved.getTimedOut();
        due = saved.getDueNanos();
        if (stage != Stage.RESTING) {
            alarm.set(due);
        }
    }

    /** The two registers in configuration space: all other bytes are not this device's. */
    synchronized int readConfig(int offset) {
        return switch (offset) {
            case CONFIGURATION -> configuration;
            case LOCK -> lock;
            default -> 0;
        };
    }

    /** A byte of the registers in configuration space. */
    synchronized void writeConfig(int offset, int value) {
        if (offset == CONFIGURATION) {
            configuration = value & CONFIGURATION_BITS;
        } else if (offset == LOCK && (lock & LOCKED) == 0) {
            int before = lock;
            lock = value & LOCK_BITS;
            if ((lock & ENABLED) == 0) {
                rest();
            } else if ((before & ENABLED) == 0) {
                begin(Stage.FIRST, time.nanos());
            }
        }
    }

    @Override
    public synchronized long read(long offset, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            int at = (int) offset + i;
            int word = switch (at & -Integer.BYTES) {
                case TIMER_1 -> preload1;
                case TIMER_2 -> preload2;
                case INTERRUPT_STATUS -> interrupting ? 1 : 0;
                default -> timedOut ? TIMED_OUT : 0;
            };
            value |= (long) (word >>> (8 * (at % Integer.BYTES)) & 0xFF) << (8 * i);
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int bytes, long value) {
        switch ((int) offset) {
            case TIMER_1 -> {
                if (takeAnnounced()) {
                    preload1 = (int) value & PRELOAD_BITS;
                }
            }
            case TIMER_2 -> {
                if (takeAnnounced()) {
                    preload2 = (int) value & PRELOAD_BITS;
                }
            }
            case INTERRUPT_STATUS -> {
                if ((value & 1) != 0) {
                    interrupt(false);
                }
            }
            case RELOAD -> writeReload(value);
            default -> {
                // Nothing begins there.
            }
        }
    }

    @GuardedBy("this")
    private void writeReload(long value) {
        if (value == UNLOCK_1) {
            announced = 1;
        } else if (value == UNLOCK_2 && announced == 1) {
            announced = 2;
        } else if (takeAnnounced()) {
            if ((value & TIMED_OUT) != 0) {
                timedOut = false;
            }
            if ((value & RELOAD_NOW) != 0 && (lock & ENABLED) != 0) {
                begin(Stage.FIRST, time.nanos());
            }
        }
    }

    /** Whether a write was announced; the next one has to be announced anew. */
    @GuardedBy("this")
    private boolean takeAnnounced() {
        boolean both = announced == 2;
        announced = 0;
        return both;
    }

    @GuardedBy("this")
    private void begin(Stage next, long now) {
        stage = next;
        due = now + nanos(next == Stage.FIRST ? preload1 : preload2);
        alarm.set(due);
    }

    @GuardedBy("this")
    private void rest() {
        stage = Stage.RESTING;
        alarm.cancel();
    }

    @GuardedBy("this")
    private long nanos(int preload) {
        long ticks = (long) preload << ((configuration & FAST) != 0 ? FAST_SHIFT : SLOW_SHIFT);
        return Math.max(ticks * 1000 / MEGAHERTZ, MIN_NANOS);
    }

    @GuardedBy("this")
    private void interrupt(boolean wanted) {
        interrupting = wanted;
        pin.accept(wanted);
    }

    /** The alarm has gone off; perhaps for a count that was reloaded just then. */
    private void counted() {
        synchronized (this) {
            if (stage == Stage.RESTING || time.nanos() < due) {
                return;
            }
            if (stage == Stage.FIRST) {
                if ((configuration & INTERRUPT_TYPE) == INTERRUPT_BY_PIN) {
                    interrupt(true);
                }
                begin(Stage.SECOND, due);
                return;
            }
            if ((lock & FREE_RUNNING) != 0) {
                begin(Stage.FIRST, time.nanos());
            } else {
                rest();
            }
            if ((configuration & OUTPUT_OFF) != 0) {
                return;
            }
            timedOut = true;
            expirations++;
        }
        expired.run();
    }
}
