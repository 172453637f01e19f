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

    /** In bytes. */
    MEMORY {
        @Override
        String text(long amount) {
            return number(amount) + " of memory";
        }

        @Override
        String number(long amount) {
            int unit = 0;
            while (unit < UNITS.length - 1 && amount >> (10 * (unit + 1)) != 0) {
                unit++;
            }
            BigDecimal inUnits = BigDecimal.valueOf(amount).divide(BigDecimal.valueOf(1L << (10 * unit)), 2,
                    RoundingMode.HALF_EVEN);
            return inUnits.stripTrailingZeros().toPlainString() + " " + UNITS[unit];
        }
    };

    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    /** An amount for people with what it is of, such as {@code 512 MiB of memory}. Not negative. */
    abstract String text(long amount);

    /** An amount for people where the dimension is already clear, such as {@code 1.5 GiB}. Not negative. */
    abstract String number(long amount);
}
