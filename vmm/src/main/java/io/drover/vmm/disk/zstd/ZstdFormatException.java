package io.drover.vmm.disk.zstd;

import java.io.Serial;

/** What was to be decoded is no frame of Zstandard, or not a whole one. */
public final class ZstdFormatException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    ZstdFormatException(String message) {
        super(message);
    }
}
