package io.drover.scheduler.cpu;

import io.drover.scheduler.cpu.CpuidLeaf.Register;

/**
 * How a register's answers of two CPUs go together (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E). What no rule is
 * known for, they do not have in common.
 */
enum Rule {
    /** Each bit is something that a CPU has: both must. */
    FEATURES {
        @Override
        int common(int one, int other) {
            return one & other;
        }

        @Override
        boolean has(int host, int wanted) {
            return (wanted & ~host) == 0;
        }
    },
    /** A number, of which a CPU that has more has the less, too. */
    LOWEST {
        @Override
        int common(int one, int other) {
            return Integer.compareUnsigned(one, other) < 0 ? one : other;
        }

        @Override
        boolean has(int host, int wanted) {
            return Integer.compareUnsigned(wanted, host) <= 0;
        }
    },
    /** As {@link #LOWEST}, of each byte. */
    LOWEST_BYTES {
        @Override
        int common(int one, int other) {
            int low = Math.min(one & 0xFF, other & 0xFF);
            return low | Math.min(one >>> 8 & 0xFF, other >>> 8 & 0xFF) << 8;
        }

        @Override
        boolean has(int host, int wanted) {
            return (wanted & 0xFF) <= (host & 0xFF) && (wanted >>> 8 & 0xFF) <= (host >>> 8 & 0xFF);
        }
    },
    /** Family, model and stepping: the older of the two; a host shows any. */
    SIGNATURE {
        @Override
        int common(int one, int other) {
            return Long.compare(Signature.order(one), Signature.order(other)) <= 0 ? one : other;
        }

        @Override
        boolean has(int host, int wanted) {
            return true;
        }
    },
    /** There is nothing between two that differ. */
    EQUAL {
        @Override
        int common(int one, int other) {
            return one == other ? one : 0;
        }

        @Override
        boolean has(int host, int wanted) {
            return host == wanted;
        }
    },
    UNKNOWN {
        @Override
        int common(int one, int other) {
            return 0;
        }

        @Override
        boolean has(int host, int wanted) {
            return wanted == 0;
        }
    };

    static final int EXTENDED_STATE = 0xD;
    static final int FIRST_COMPONENT = 2;
    private static final int LAST_COMPONENT = 62;

    abstract int common(int one, int other);

    abstract boolean has(int host, int wanted);

    static Rule of(int function, int index, Register register) {
        boolean first = index == 0;
        return switch (function) {
            case 0 -> first ? register == Register.EAX ? LOWEST : EQUAL : UNKNOWN;
            case 0x1 -> first ? register == Register.EAX ? SIGNATURE : FEATURES : UNKNOWN;
            case 0x7 -> first && register == Register.EAX ? LOWEST : index <= 2 && index >= 0 ? FEATURES : UNKNOWN;
            case EXTENDED_STATE -> index < 0 || index > LAST_COMPONENT ? UNKNOWN
                    : index < FIRST_COMPONENT ? FEATURES : EQUAL;
            case 0x8000_0000 -> first && register == Register.EAX ? LOWEST : UNKNOWN;
            case 0x8000_0008 -> first ? register == Register.EAX ? LOWEST_BYTES : FEATURES : UNKNOWN;
            case 0x6, 0x4000_0001, 0x8000_0001, 0x8000_0021 -> first ? FEATURES : UNKNOWN;
            default -> UNKNOWN;
        };
    }
}
