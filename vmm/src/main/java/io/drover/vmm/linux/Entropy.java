package io.drover.vmm.linux;

/** The kernel's random numbers, getrandom(2). */
public final class Entropy {
    private Entropy() {}

    /**
     * Fills memory of this process with random bytes. Waits only in the first seconds of a host's life.
     *
     * @param address
     *            as {@code GuestMemory.hostAddress} gives it, of memory that stays mapped meanwhile
     */
    public static void fill(long address, long bytes) {
        long done = 0;
        while (done < bytes) {
            long result = SystemCall.invoke(SystemCall.GETRANDOM, address + done, bytes - done, 0);
            if (result > 0) {
                done += result;
            } else if (result != -Errno.EINTR) {
                throw new IllegalStateException("getrandom(" + bytes + ") failed: " + Errno.describe((int) -result));
            }
        }
    }
}
