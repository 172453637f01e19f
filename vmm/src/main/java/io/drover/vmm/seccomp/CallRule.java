package io.drover.vmm.seccomp;

import java.util.List;

/** What becomes of one system call, by its number (asm/unistd_64.h). Calls without a rule are allowed. */
sealed interface CallRule {
    long number();

    /** It fails, whatever its arguments are. */
    record Denied(long number, int errno) implements CallRule {}

    /**
     * It fails when none of these bits is set.
     *
     * @param argument
     *            0 to 5; its lower 32 bits are looked at
     */
    record DeniedWithoutBits(long number, int argument, int bits, int errno) implements CallRule {}

    /**
     * It fails unless the argument is one of these.
     *
     * @param argument
     *            0 to 5; its lower 32 bits are looked at, which are all that the kernel takes of an int
     */
    record AllowedWith(long number, int argument, List<Integer> values, int errno) implements CallRule {
        public AllowedWith {
            values = List.copyOf(values);
        }
    }
}
