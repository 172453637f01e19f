package io.drover.vmm.linux;

import java.io.IOException;
import java.io.Serial;

/** The kernel refused a call. */
public final class SystemCallException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String call;
    private final int errno;

    /**
     * Made where the call was.
     *
     * @param call
     *            as its manual names it: "KVM_CREATE_VCPU"
     * @param arguments
     *            those that matter: "id=3"
     */
    public SystemCallException(String call, String arguments, int errno) {
        super(call + "(" + arguments + ") failed: " + Errno.describe(errno));
        this.call = call;
        this.errno = errno;
    }

    public String call() {
        return call;
    }

    /** One of {@link Errno}'s, or another. */
    public int errno() {
        return errno;
    }
}
