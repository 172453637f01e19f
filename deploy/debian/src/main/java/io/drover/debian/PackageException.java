package io.drover.debian;

import java.io.IOException;

/** A Debian package cannot be had or used. The message is for the user: it names the package and what to do next. */
public final class PackageException extends IOException {
    public PackageException(String message) {
        super(message);
    }

    public PackageException(String message, Throwable cause) {
        super(message, cause);
    }
}
