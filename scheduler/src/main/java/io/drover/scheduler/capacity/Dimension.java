package io.drover.scheduler.capacity;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** A thing that VMs use up on a host. In the order in which it is checked. */
public enum Dimension {
    VCPUS {
        @Override
        String text(long amount) {
            return amount == 1 ? "1 vCPU" : amount + " vCPUs";
        }

        @Override
        String number(long amount) {
            return Long.toString(amount);
        }
    },

    /** CPUs of the host that belong to one VM each. */
    DEDICATED_CPUS {
        @Override
        String text(long amount) {
            return amount == 1 ? "1 dedicated CPU" : amount + " dedicated CPUs";
        }

        @Override
        String number(long amount) {
            return Long.toString(amount);
        }
    },

    /** In bytes. */
    MEMORY {
        @Override
        String text(long amount) {
            return number(amount) + " of memory";
        }

        @Override
        String number(long amount) {
            return bytes(amount);
        }
    },

    /** In bytes. */
    HUGE_PAGES_2M {
        @Override
        String text(long amount) {
            return number(amount) + " in huge pages of 2 MiB";
        }

        @Override
        String number(long amount) {
            return bytes(amount);
        }
    },

    /** In bytes. */
    HUGE_PAGES_1G {
        @Override
        String text(long amount) {
            return number(amount) + " in huge pages of 1 GiB";
        }

        @Override
        String number(long amount) {
            return bytes(amount);
        }
    };

    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private static String bytes(long amount) {
        int unit = 0;
        while (unit < UNITS.length - 1 && amount >> (10 * (unit + 1)) != 0) {
            unit++;
        }
        BigDecimal inUnits = BigDecimal.valueOf(amount).divide(BigDecimal.valueOf(1L << (10 * unit)), 2,
                RoundingMode.HALF_EVEN);
        return inUnits.stripTrailingZeros().toPlainString() + " " + UNITS[unit];
    }

    /** An amount for people with what it is of, such as {@code 512 MiB of memory}. Not negative. */
    abstract String text(long amount);

    /** An amount for people where the dimension is already clear, such as {@code 1.5 GiB}. Not negative. */
    abstract String number(long amount);
}
