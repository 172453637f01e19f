package io.drover.vmm.boot;

/** A kernel, initramfs or command line that cannot be booted. The message names it, what is wrong with it, and the way out. */
public final class BootException extends Exception {
    private static final long serialVersionUID = 1;

    BootException(String message) {
        super(message);
    }

    BootException(String message, Throwable cause) {
        super(message, cause);
    }
}
